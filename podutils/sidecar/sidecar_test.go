// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/proctest"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

func TestResults(t *testing.T) {
	for _, test := range []struct {
		name       string
		markers    []string
		entryError bool
		exit       int
		finished   map[string]any
	}{
		{name: "both well", markers: []string{"0", "0"}, entryError: true, finished: map[string]any{"passed": true, "result": "SUCCESS"}},
		{name: "one failed", markers: []string{"0", "3"}, finished: map[string]any{"passed": false, "result": "FAILURE"}},
		{name: "one aborted, one failed", markers: []string{"130", "3"}, finished: map[string]any{"passed": false, "result": "ABORTED"}},
		{name: "no number", markers: []string{"0", "x"}, finished: map[string]any{"passed": false, "result": "FAILURE"}},
		{name: "an error of an entry counts", markers: []string{"0", "3"}, entryError: true, exit: 1, finished: map[string]any{"passed": false, "result": "FAILURE"}},
		{name: "a skipped entry does not", markers: []string{"0", "1130"}, entryError: true, finished: map[string]any{"passed": false, "result": "FAILURE"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t, "a", "b")
			p.options.EntryError = test.entryError
			for i, name := range []string{"a", "b"} {
				p.write(t, name+"-log.txt", "log of "+name)
				p.write(t, name+"-marker.txt", test.markers[i])
			}
			p.start(t, presubmit)
			if got := p.end(t); got != test.exit {
				t.Errorf("exit code is %d, want %d", got, test.exit)
			}
			files := p.uploaded(t)
			if got := files["a-build-log.txt"] + ", " + files["b-build-log.txt"]; got != "log of a, log of b" {
				t.Errorf("logs are %q", got)
			}
			test.finished["revision"] = "def"
			if diff := cmp.Diff(test.finished, p.finished(t)); diff != "" {
				t.Errorf("finished.json (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	p := newPod(t, "a", "b", "c", "d")
	for name, metadata := range map[string]string{"a": `{"x":1,"y":{"z":1}}`, "b": `{"x":2}`, "c": `["no object"]`} {
		p.write(t, "artifacts/"+name+"-metadata.json", metadata)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		p.write(t, name+"-marker.txt", "0")
	}
	p.start(t, presubmit)
	p.end(t)
	metadata, ok := p.finished(t)["metadata"].(map[string]any)
	if !ok {
		t.Fatalf("no metadata in %v", p.finished(t))
	}
	wantProblems := map[string]any{"entry 2: true": map[string]any{"Value": "array", "Type": map[string]any{}, "Offset": 1.0, "Struct": "", "Field": ""}}
	if diff := cmp.Diff(wantProblems, metadata["sidecar-errors"]); diff != "" {
		t.Errorf("sidecar-errors (-want +got):\n%s", diff)
	}
	delete(metadata, "sidecar-errors")
	want := map[string]any{"x": 2.0, "y": map[string]any{"z": 1.0}}
	if diff := cmp.Diff(want, metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	log := p.path("a-log.txt")
	wantLog := "Failed to open " + log + ": open " + log + ": no such file or directory\n"
	if got := p.uploaded(t)["a-build-log.txt"]; got != wantLog {
		t.Errorf("instead of the missing log is %q, want %q", got, wantLog)
	}
}

// A job can put links to the sidecar's own credentials where its files should be.
func TestHostileFiles(t *testing.T) {
	p := newPod(t, "a", "b")
	for i, name := range []string{"a", "b"} {
		entry := &p.options.Entries[i]
		entry.ProcessLog, entry.MarkerFile = p.path("logs/"+name+"-log.txt"), p.path("logs/"+name+"-marker.txt")
		entry.MetadataFile = p.path("logs/artifacts/" + name + "-metadata.json")
	}
	p.options.GCSOptions.Items = []string{p.path("logs/artifacts")}
	p.write(t, "secrets/a-metadata.json", `{"key":"s3cr3t"}`)
	p.write(t, "logs/b-log.txt", "fine")
	p.write(t, "logs/a-marker.txt", "0")
	for link, target := range map[string]string{
		"logs/artifacts": "secrets", "logs/a-log.txt": "secrets/a-metadata.json", "logs/b-marker.txt": "secrets/a-metadata.json",
	} {
		if err := os.Symlink(p.path(target), p.path(link)); err != nil {
			t.Fatal(err)
		}
	}
	p.start(t, presubmit)
	p.end(t)
	files := p.uploaded(t)
	if diff := cmp.Diff([]string{"a-build-log.txt", "b-build-log.txt", "finished.json", "sidecar-logs.json"}, names(files)); diff != "" {
		t.Errorf("uploaded (-want +got):\n%s", diff)
	}
	for name, content := range files {
		if strings.Contains(content, "s3cr3t") {
			t.Errorf("%s holds the secret:\n%s", name, content)
		}
	}
	if got := p.finished(t)["result"]; got != "FAILURE" {
		t.Errorf("result is %v, want FAILURE", got)
	}
}

// An interrupted sidecar uploads what is there, and once more when the job ended.
func TestInterrupt(t *testing.T) {
	p := newPod(t, "test")
	p.write(t, "test-log.txt", "begun")
	p.write(t, "artifacts/early.txt", "early")
	p.start(t, presubmit)
	p.interruptWhenReady(t)
	p.waitFor(t, "Received an interrupt: terminated, cancelling...")
	proctest.Until(t, "it uploaded", func() bool { return p.exists("out/finished.json") })
	want := map[string]any{"passed": false, "result": "ABORTED", "revision": "def"}
	if diff := cmp.Diff(want, p.finished(t)); diff != "" {
		t.Errorf("finished.json at the interrupt (-want +got):\n%s", diff)
	}
	if got := p.uploaded(t); got["build-log.txt"] != "begun" || got["artifacts/early.txt"] != "early" {
		t.Errorf("uploaded at the interrupt: %v", got)
	}
	p.write(t, "test-log.txt", "begun, ended")
	p.write(t, "test-marker.txt", "0")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
	want = map[string]any{"passed": true, "result": "SUCCESS", "revision": "def"}
	if diff := cmp.Diff(want, p.finished(t)); diff != "" {
		t.Errorf("finished.json at the end (-want +got):\n%s", diff)
	}
	if got := p.uploaded(t)["build-log.txt"]; got != "begun, ended" {
		t.Errorf("build log is %q at the end", got)
	}
}

func TestIgnoredInterrupt(t *testing.T) {
	p := newPod(t, "test")
	p.options.IgnoreInterrupts = true
	p.start(t, presubmit)
	p.interruptWhenReady(t)
	p.waitFor(t, "Received an interrupt: terminated, ignoring...")
	if p.exists("out") {
		t.Error("it uploaded at an interrupt that it shall ignore")
	}
	p.write(t, "test-marker.txt", "0")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
}

func TestCensoring(t *testing.T) {
	p := newPod(t, "test")
	p.write(t, "secrets/token", "s3cr3t\n")
	p.options.CensoringOptions = &options.Censoring{
		SecretDirectories: []string{p.path("secrets")}, ExcludeDirectories: []string{"raw/**"},
	}
	p.write(t, "test-log.txt", "token s3cr3t czNjcjN0")
	p.write(t, "artifacts/a.txt", "a s3cr3t")
	p.write(t, "artifacts/raw/b.txt", "b s3cr3t")
	p.write(t, "artifacts/test-metadata.json", `{"k":"s3cr3t"}`)
	p.write(t, "test-marker.txt", "0")
	p.start(t, presubmit)
	p.end(t)
	files := p.uploaded(t)
	for name, want := range map[string]string{
		"build-log.txt": "token XXXXXX XXXXXXXX", "artifacts/a.txt": "a XXXXXX", "artifacts/raw/b.txt": "b s3cr3t",
		"artifacts/test-metadata.json": `{"k":"XXXXXX"}`,
	} {
		if got := files[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := files["finished.json"]; strings.Contains(got, "s3cr3t") {
		t.Errorf("finished.json holds the secret: %s", got)
	}
}

// That the bucket cannot be written is not the job's failure.
func TestFailedUpload(t *testing.T) {
	p := newPod(t, "test")
	p.write(t, "out", "no folder")
	p.write(t, "test-marker.txt", "0")
	p.start(t, presubmit)
	p.waitFor(t, "Failed to upload")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
}

func TestRefuses(t *testing.T) {
	for name, set := range map[string]func(o *options.Sidecar){
		"no entries":        func(o *options.Sidecar) { o.Entries = nil },
		"no marker":         func(o *options.Sidecar) { o.Entries = []wrapper.Options{{ProcessLog: "x"}} },
		"nowhere to upload": func(o *options.Sidecar) { o.GCSOptions = nil },
		"mixed censoring": func(o *options.Sidecar) {
			o.CensoringOptions, o.SecretDirectories = &options.Censoring{}, []string{"x"}
		},
		"bad glob": func(o *options.Sidecar) { o.CensoringOptions = &options.Censoring{IncludeDirectories: []string{"{"}} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, "test")
			set(&p.options)
			p.start(t, presubmit)
			p.waitFor(t, "Failed to report job status")
			if got := p.end(t); got != 1 {
				t.Errorf("exit code is %d, want 1", got)
			}
		})
	}
}

// The option of pods made by old versions.
func TestDeprecatedWrapperOptions(t *testing.T) {
	p := newPod(t, "test")
	p.options.WrapperOptions, p.options.Entries = &p.options.Entries[0], nil
	p.write(t, "test-log.txt", "log")
	p.write(t, "test-marker.txt", "0")
	p.start(t, presubmit)
	p.end(t)
	if got := p.uploaded(t)["build-log.txt"]; got != "log" {
		t.Errorf("build log is %q, want %q", got, "log")
	}
}

// interruptWhenReady sends SIGTERM when the sidecar handles it.
func (p *pod) interruptWhenReady(t *testing.T) {
	t.Helper()
	p.waitUntilReady(t)
	p.signal(t, syscall.SIGTERM)
}
