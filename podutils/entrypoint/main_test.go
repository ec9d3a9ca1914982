// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/entrypoint"
	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// beProgram makes the test binary be the program.
const beProgram = "CUTWATER_TEST_BE_ENTRYPOINT"

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		os.Exit(entrypoint.Main(command.OS()))
	}
	os.Exit(m.Run())
}

// program is the entrypoint program, not yet started.
type program struct {
	*exec.Cmd
	stdout  bytes.Buffer
	options wrapper.Entrypoint
}

// newProgram prepares the program to wrap args, with files in a folder of the test.
func newProgram(t *testing.T, set func(o *wrapper.Entrypoint), args ...string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{options: wrapper.Entrypoint{
		ArtifactDir: filepath.Join(dir, "artifacts"),
		Options: wrapper.Options{
			Args:          args,
			ContainerName: "test",
			ProcessLog:    filepath.Join(dir, "process-log.txt"),
			MarkerFile:    filepath.Join(dir, "marker-file.txt"),
			MetadataFile:  filepath.Join(dir, "artifacts", "metadata.json"),
		},
	}}
	if set != nil {
		set(&p.options)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p.options)
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd = exec.CommandContext(t.Context(), self)
	p.Env = append(os.Environ(), beProgram+"=1", wrapper.EntrypointEnv+"="+string(text), "ARTIFACTS="+p.options.ArtifactDir)
	p.Stdout, p.Stderr = &p.stdout, os.Stderr
	return p
}

// within makes a script run the program, in namespaces of its own and with the
// right to mount. Where the attempt does not work there the test is skipped.
func (p *program) within(t *testing.T, namespaces uintptr, script, attempt string, args ...string) {
	t.Helper()
	attributes := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | namespaces,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	try := exec.CommandContext(t.Context(), "sh", "-c", attempt)
	try.SysProcAttr = attributes
	if out, err := try.CombinedOutput(); err != nil {
		t.Skipf("%s: not possible here: %v %s", attempt, err, out)
	}
	wrapped := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...)
	wrapped.Env, wrapped.Stderr, wrapped.SysProcAttr = p.Env, os.Stderr, attributes
	p.Cmd = wrapped
}

// run runs it to its end, and returns its exit code.
func (p *program) run(t *testing.T) int {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p.end(t)
}

func (p *program) end(t *testing.T) int {
	t.Helper()
	_ = p.Wait() // the exit code says it
	return p.ProcessState.ExitCode()
}

// marker is what the marker file holds.
func (p *program) marker(t *testing.T) string { t.Helper(); return readFile(t, p.options.MarkerFile) }

// log is what the process log holds.
func (p *program) log(t *testing.T) string { t.Helper(); return readFile(t, p.options.ProcessLog) }

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// plain keeps of the log lines in text only level, message and error: the rest
// is times and places in the code.
func plain(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		var entry struct{ Level, Msg, Error string }
		if !strings.HasPrefix(line, "{") {
			b.WriteString(line)
			continue
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		b.WriteString(entry.Level + ": " + entry.Msg)
		if entry.Error != "" {
			b.WriteString(": " + entry.Error)
		}
		b.WriteString("\n")
	}
	return b.String()
}
