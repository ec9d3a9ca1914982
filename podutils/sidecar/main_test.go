// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/options"
	"github.com/cutwater-ci/cutwater/podutils/sidecar"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// beProgram makes the test binary be the program, or one that ticks when it is told.
const beProgram = "CUTWATER_TEST_BE_SIDECAR"

func TestMain(m *testing.M) {
	switch os.Getenv(beProgram) {
	case "":
		os.Exit(m.Run())
	case "ticking":
		os.Exit(beTicking())
	}
	os.Exit(sidecar.Main(command.OS()))
}

const presubmit = `{"type":"presubmit","job":"unit","buildid":"17","refs":{"org":"org","repo":"repo","base_ref":"main","base_sha":"abc","pulls":[{"number":5,"author":"ann","sha":"def"}]}}`

// pod is the part of a pod that the sidecar sees.
type pod struct {
	dir     string
	options options.Sidecar
	// program is which one the sidecar is.
	program string
	cmd     *exec.Cmd
	stderr  *bufio.Scanner
}

// newPod is a pod with containers of these names, that uploads to a folder.
func newPod(t *testing.T, containers ...string) *pod {
	t.Helper()
	p := &pod{dir: t.TempDir(), program: "real"}
	p.options.GCSOptions = &options.Upload{
		Items:            []string{p.path("artifacts")},
		GCSConfiguration: &prowv1.GCSConfiguration{Bucket: "gs://bucket", LocalOutputDir: p.path("out")},
	}
	for _, name := range containers {
		p.options.Entries = append(p.options.Entries, wrapper.Options{
			Args: []string{"true"}, ContainerName: name,
			ProcessLog: p.path(name + "-log.txt"), MarkerFile: p.path(name + "-marker.txt"),
			MetadataFile: p.path("artifacts/" + name + "-metadata.json"),
		})
	}
	return p
}

func (p *pod) path(name string) string { return filepath.Join(p.dir, name) }

// write makes a file of the pod, in one go.
func (p *pod) write(t *testing.T, name, content string) {
	t.Helper()
	path := p.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// start starts the sidecar.
func (p *pod) start(t *testing.T, jobSpec string) {
	t.Helper()
	text, err := json.Marshal(p.options)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(t.Context(), self)
	p.cmd.Env = append(os.Environ(), beProgram+"="+p.program, options.SidecarEnv+"="+string(text), "JOB_SPEC="+jobSpec)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stderr = bufio.NewScanner(stderr)
}

// waitFor reads the log up to a line with the text.
func (p *pod) waitFor(t *testing.T, text string) {
	t.Helper()
	for p.stderr.Scan() {
		if strings.Contains(p.stderr.Text(), text) {
			return
		}
	}
	t.Fatalf("the log ended without %q", text)
}

// end waits for the sidecar's end, and returns its exit code.
func (p *pod) end(t *testing.T) int {
	t.Helper()
	for p.stderr.Scan() {
	}
	_ = p.cmd.Wait() // the exit code says it
	return p.cmd.ProcessState.ExitCode()
}

// uploaded returns what was uploaded.
func (p *pod) uploaded(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	out := p.path("out")
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(out, path)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// finished is finished.json, without its time.
func (p *pod) finished(t *testing.T) map[string]any {
	t.Helper()
	return decodeFinished(t, p.uploaded(t)["finished.json"])
}

func decodeFinished(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("finished.json %q: %v", text, err)
	}
	if _, ok := value["timestamp"].(float64); !ok {
		t.Errorf("finished.json has no timestamp: %s", text)
	}
	delete(value, "timestamp")
	return value
}
