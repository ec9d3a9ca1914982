// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// goldenCase is one of entrypoint-sidecar.json, as far as entrypoint goes.
type goldenCase struct {
	Case       string
	Options    wrapper.Entrypoint `json:"entrypoint_options"`
	Exit       int
	Marker     string
	ProcessLog string `json:"process_log"`
	Stdout     string
}

// futileKill is what Prow logs, after the grace period, when the process is gone
// but something that it started is not. We kill that too, so there is no such line.
const futileKill = "error: Could not kill process after grace period: os: process already finished\n"

func TestGoldenEntrypoint(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goldens.Dir(t), "podutils", "entrypoint-sidecar.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, want := range cases {
		t.Run(want.Case, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, func(o *wrapper.Entrypoint) {
				files := *o
				*o = want.Options
				o.ArtifactDir, o.ProcessLog, o.MarkerFile, o.MetadataFile = files.ArtifactDir, files.ProcessLog, files.MarkerFile, files.MetadataFile
				if o.PreviousMarker != "" {
					o.PreviousMarker = filepath.Join(filepath.Dir(o.MarkerFile), "prev")
					if err := os.WriteFile(o.PreviousMarker, []byte(previousCode(want.ProcessLog)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}, want.Options.Args...)
			if got := p.run(t); got != want.Exit {
				t.Errorf("exit code is %d, want %d", got, want.Exit)
			}
			if got := p.marker(t); got != want.Marker {
				t.Errorf("marker is %q, want %q", got, want.Marker)
			}
			if diff := cmp.Diff(withoutFutileKill(plain(t, want.ProcessLog)), plain(t, cut(p.log(t)))); diff != "" {
				t.Errorf("process log (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(withoutFutileKill(plain(t, want.Stdout)), plain(t, cut(p.stdout.String()))); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
		})
	}
}

// previousCode is what the previous marker held; the goldens tell of it in the
// log alone, and only when it was not 0.
func previousCode(log string) string {
	_, code, ok := strings.Cut(log, "Skipping as previous step exited ")
	if !ok {
		return "0"
	}
	return code[:strings.IndexByte(code, '"')]
}

func withoutFutileKill(log string) string { return strings.ReplaceAll(log, futileKill, "") }

// cut keeps what the goldens keep of a long text.
func cut(text string) string { return text[:min(len(text), 4000)] }
