// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/options"
)

// What was taken out of which file is told, and so is what is not in the bucket;
// nowhere is a secret itself.
func TestFindings(t *testing.T) {
	p := newPod(t, "test")
	p.write(t, "secrets/token", "s3cr3t/value")
	p.write(t, "secrets/other", "0ther")
	p.options.CensoringOptions = &options.Censoring{SecretDirectories: []string{p.path("secrets")}, ExcludeDirectories: []string{"raw/**"}}
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write([]byte("0ther"))
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"test-log.txt": "s3cr3t/value, s3cr3t/value and 0ther", "artifacts/clean.txt": "nothing", "artifacts/deep/in.txt": "s3cr3t/value",
		"artifacts/raw/x.txt": "s3cr3t/value", "artifacts/packed.gz": zipped.String(), "artifacts/0ther.txt": "0ther", "artifacts/odd.bin": "\xfd7zXZ\x00 and more",
		"artifacts/test-metadata.json": `{"censored": "mine", "s3cr3t\/value": ["s3cr3t\/value"], "not-uploaded": {"is": "0ther"}}`,
	} {
		p.write(t, name, text)
	}
	if err := os.Symlink("/etc/hostname", p.path("artifacts/leads-out-0ther")); err != nil {
		t.Fatal(err)
	}
	p.write(t, "test-marker.txt", "0")
	p.start(t, presubmit)
	p.end(t)
	files := p.uploaded(t)
	token, other := p.path("secrets/token"), p.path("secrets/other")
	want := map[string]any{
		"job-censored": "mine", "XXXXXXXXXXXX": []any{"XXXXXXXXXXXX"}, "job-not-uploaded": map[string]any{"is": "XXXXX"},
		"censored": []any{
			map[string]any{"file": "artifacts/XXXXX.txt", "secret": other, "count": 1.0},
			map[string]any{"file": "artifacts/deep/in.txt", "secret": token, "count": 1.0},
			map[string]any{"file": "artifacts/packed.gz", "secret": other, "count": 1.0},
			map[string]any{"file": "artifacts/test-metadata.json", "secret": other, "count": 1.0},
			map[string]any{"file": "build-log.txt", "secret": other, "count": 1.0},
			map[string]any{"file": "build-log.txt", "secret": token, "count": 2.0},
			map[string]any{"file": "finished.json", "secret": other, "count": 1.0},
			map[string]any{"file": "finished.json", "secret": token, "count": 2.0},
			map[string]any{"file": "sidecar-logs.json", "secret": other, "count": 1.0}, // a line on the link
		},
		"not-searched": []any{map[string]any{"file": "artifacts/odd.bin", "reason": "not looked into: packed with xz"}},
		"not-uploaded": []any{map[string]any{"file": "artifacts/leads-out-XXXXX", "reason": "it is a link that leads out of the folder"}},
	}
	if diff := cmp.Diff(want, metadata(t, files["finished.json"])); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	for _, name := range []string{"finished.json", "sidecar-logs.json", "build-log.txt"} {
		if text := files[name]; strings.Contains(text, "0ther") || strings.Contains(text, "s3cr3t") {
			t.Errorf("%s holds a secret:\n%s", name, text)
		}
	}
	for _, file := range []string{"artifacts/deep/in.txt", "build-log.txt"} {
		if n := strings.Count(files["sidecar-logs.json"], `"file":"`+file+`"`); n != 1 {
			t.Errorf("sidecar's log names %s %d times:\n%s", file, n, files["sidecar-logs.json"])
		}
	}
}

// A job can put a secret into any number of files.
func TestManyFindings(t *testing.T) {
	p := newPod(t, "test")
	p.write(t, "secrets/token", "s3cr3t")
	p.options.CensoringOptions = &options.Censoring{SecretDirectories: []string{p.path("secrets")}}
	for i := range 150 {
		p.write(t, fmt.Sprintf("artifacts/%d.txt", i), "s3cr3t")
		if err := os.Symlink("/nowhere", p.path(fmt.Sprintf("artifacts/link-%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	p.write(t, "test-marker.txt", "0")
	p.start(t, presubmit)
	p.end(t)
	all := metadata(t, p.uploaded(t)["finished.json"])
	for key, named := range map[string]int{"censored": 100, "not-uploaded": 20} {
		list, ok := all[key].([]any)
		if !ok || len(list) != named+1 {
			t.Fatalf("%s is %v", key, all[key])
		}
		if diff := cmp.Diff(map[string]any{"more": float64(150 - named)}, list[named]); diff != "" {
			t.Errorf("the end of %s (-want +got):\n%s", key, diff)
		}
	}
}

// Tokens of known kinds are censored without being told of, unless that is off.
func TestTokenShapes(t *testing.T) {
	token := "ghp_" + strings.Repeat("0aB1", 9)
	for name, test := range map[string]struct {
		shapes *bool
		want   string
	}{
		"unset": {nil, strings.Repeat("X", len(token))}, "on": {new(true), strings.Repeat("X", len(token))}, "off": {new(false), token},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, "test")
			p.options.CensoringOptions = &options.Censoring{TokenShapes: test.shapes}
			p.write(t, "test-log.txt", token)
			p.write(t, "test-marker.txt", "0")
			p.start(t, presubmit)
			p.end(t)
			files := p.uploaded(t)
			if got := files["build-log.txt"]; got != test.want {
				t.Errorf("the log is %q, want %q", got, test.want)
			}
			if found := metadata(t, files["finished.json"])["censored"]; (found != nil) != (test.want != token) {
				t.Errorf("censored is %v", found)
			}
		})
	}
}
