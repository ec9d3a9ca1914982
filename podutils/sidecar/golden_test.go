// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/goldens"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// goldenCase is one of entrypoint-sidecar.json, as far as sidecar goes.
type goldenCase struct {
	Case    string
	Marker  string
	Sidecar struct {
		Exit    int
		Files   map[string]string
		Options options.Sidecar
		JobSpec json.RawMessage `json:"job_spec"`
	}
}

func TestGoldenSidecar(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(goldens.Dir(t), "podutils", "entrypoint-sidecar.json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	for _, text := range raw {
		p := newPod(t, "test")
		var want goldenCase
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "/oracle/run", p.dir)), &want); err != nil {
			t.Fatal(err)
		}
		t.Run(want.Case, func(t *testing.T) {
			t.Parallel()
			p.options = want.Sidecar.Options
			p.options.GCSOptions.LocalOutputDir = p.path("out")
			// Entrypoint's work is compared by its own test; here it is taken as given.
			p.write(t, "process-log.txt", want.Sidecar.Files["build-log.txt"])
			p.write(t, "marker-file.txt", want.Marker)
			if err := os.MkdirAll(p.path("artifacts"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, content := range want.Sidecar.Files {
				if strings.HasPrefix(name, "artifacts/") {
					p.write(t, name, content)
				}
			}
			p.start(t, string(want.Sidecar.JobSpec))
			if got := p.end(t); got != want.Sidecar.Exit {
				t.Errorf("exit code is %d, want %d", got, want.Sidecar.Exit)
			}
			got := p.uploaded(t)
			if diff := cmp.Diff(names(want.Sidecar.Files), names(got)); diff != "" {
				t.Fatalf("files (-want +got):\n%s", diff)
			}
			for name, content := range want.Sidecar.Files {
				switch name {
				case "finished.json":
					if diff := cmp.Diff(decodeFinished(t, content), decodeFinished(t, got[name])); diff != "" {
						t.Errorf("finished.json (-want +got):\n%s", diff)
					}
				case "sidecar-logs.json":
					if diff := cmp.Diff(messages(t, content), messages(t, got[name])); diff != "" {
						t.Errorf("sidecar-logs.json (-want +got):\n%s", diff)
					}
				default:
					if diff := cmp.Diff(content, got[name]); diff != "" {
						t.Errorf("%s (-want +got):\n%s", name, diff)
					}
				}
			}
		})
	}
}

// messages keeps of log lines level and message: the rest is times and places in the code.
func messages(t *testing.T, log string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(log) {
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		all = append(all, entry.Level+": "+entry.Msg)
	}
	return all
}
