// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// much is more output, in bytes, than pipes hold.
const much = 64 << 20

// A reader of stdout that is stuck costs neither the job nor memory, and one that
// comes back in time misses nothing.
func TestStuckStdout(t *testing.T) {
	for name, comesBack := range map[string]bool{"for ever": false, "until the job has ended": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, func(o *wrapper.Entrypoint) {
				o.GracePeriod = 200 * time.Millisecond
				if comesBack {
					o.GracePeriod = time.Minute
				}
			}, "sh", "-c", "head -c "+strconv.Itoa(much)+" /dev/zero; grep VmHWM /proc/$PPID/status > $ARTIFACTS/memory; exit 3")
			p.Stdout = nil
			stdout, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, "the marker is there", func() bool { return exists(p.options.MarkerFile) })
			if comesBack {
				got, err := io.ReadAll(stdout)
				if err != nil {
					t.Fatal(err)
				}
				if zeros, rest := bytes.Count(got, []byte{0}), bytes.Trim(got, "\x00"); zeros != much {
					t.Errorf("stdout got %d bytes and %q, want %d", zeros, rest, much)
				}
			}
			if got := p.end(t); got != 3 {
				t.Errorf("exit code is %d, want 3", got)
			}
			if got := p.marker(t); got != "3" {
				t.Errorf("marker is %q, want 3", got)
			}
			if got := len(p.log(t)); got != much {
				t.Errorf("process log has %d bytes, want %d", got, much)
			}
			text := readFile(t, filepath.Join(p.options.ArtifactDir, "memory"))
			kib, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(text))
			if err != nil || kib > much/2/1024 {
				t.Errorf("memory: %s (%v), want less than half of the output", text, err)
			}
		})
	}
}

// A stdout that nobody will ever read again ends neither entrypoint nor the job.
func TestClosedStdout(t *testing.T) {
	p := newProgram(t, nil, "sh", "-c", "echo 1; read line < $ARTIFACTS/pipe; echo 2; exit 3")
	p.Stdout = nil
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(p.options.ArtifactDir, 0o700), syscall.Mkfifo(filepath.Join(p.options.ArtifactDir, "pipe"), 0o600), stdout.Close(), p.Start()); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the first line found nobody", func() bool {
		log, err := os.ReadFile(p.options.ProcessLog)
		return err == nil && strings.Contains(string(log), "Could not write to stdout")
	})
	if err := os.WriteFile(filepath.Join(p.options.ArtifactDir, "pipe"), []byte("go on\n"), 0); err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != 3 {
		t.Errorf("exit code is %d, want 3", got)
	}
	want := "1\nerror: Could not write to stdout: write /dev/stdout: broken pipe\n2\n"
	if diff := cmp.Diff(want, plain(t, p.log(t))); diff != "" {
		t.Errorf("process log (-want +got):\n%s", diff)
	}
}

// A log that cannot be written takes nothing from stdout, nor from the result.
func TestUnwritableLog(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) { o.ProcessLog = "/dev/full" }, "sh", "-c", "echo 1; echo 2; exit 3")
	if got := p.run(t); got != 3 {
		t.Errorf("exit code is %d, want 3", got)
	}
	if got := p.marker(t); got != "3" {
		t.Errorf("marker is %q, want 3", got)
	}
	want := []string{
		"1", "2", "error: Could not write the process log; output goes on to stdout alone: write /dev/full: no space left on device",
		"error: Error executing test process: wrapped process failed: exit status 3",
	}
	got := strings.Split(strings.TrimSpace(plain(t, p.stdout.String())), "\n")
	if diff := cmp.Diff(lines(strings.Join(want, "\n")), lines(strings.Join(got, "\n"))); diff != "" || len(got) != len(want) {
		t.Errorf("stdout (-want +got):\n%s\n%q", diff, got)
	}
}

// Where neither the log nor stdout takes the output, not all of it is kept: the
// job goes on, and stdout says what it lacks.
func TestUnwritableLogAndStuckStdout(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) { o.ProcessLog = "/dev/full" }, "head", "-c", strconv.Itoa(much), "/dev/zero")
	p.Stdout = nil
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the marker is there", func() bool { return exists(p.options.MarkerFile) })
	got, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
	told := 0
	says := plain(t, string(bytes.ReplaceAll(got, []byte{0}, nil)))
	for _, found := range regexp.MustCompile(`error: Stdout lacks (\d+) bytes of output here\n`).FindAllStringSubmatch(says, -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		told += n
	}
	if lacks := much - bytes.Count(got, []byte{0}); lacks == 0 || lacks == much || told != lacks {
		t.Errorf("stdout lacks %d bytes and says %q", lacks, says)
	}
}

// A disk that is full while the job runs costs what does not fit, and the log
// says how much once there is room again. Room for the marker there always is.
func TestFullDisk(t *testing.T) {
	const filler = 100 << 10
	for name, test := range map[string]struct{ after, log string }{
		"for ever":    {after: ":", log: ""},
		"for a while": {after: "rm large; echo after", log: "error: The process log lacks N bytes of output here: write DISK/log: no space left on device\nafter\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk, outside := t.TempDir(), t.TempDir()
			p := newProgram(t, func(o *wrapper.Entrypoint) {
				o.ArtifactDir, o.ProcessLog, o.MarkerFile = "", filepath.Join(disk, "log"), filepath.Join(disk, "marker")
			}, "sh", "-c", "cd "+disk+"; head -c 32k /dev/zero > large; yes | head -c "+strconv.Itoa(filler)+"; echo full; read line < "+outside+"/pipe; "+test.after+"; exit 3")
			if err := syscall.Mkfifo(filepath.Join(outside, "pipe"), 0o600); err != nil {
				t.Fatal(err)
			}
			const run = `mount -t tmpfs -o size=64k none "$1" && "$2"; code=$?; cp "$1/log" "$1/marker" "$3"; exit $code`
			p.within(t, 0, run, "mount -t tmpfs none "+disk, disk, p.Path, outside)
			p.startAndWaitFor(t, "full")
			if err := os.WriteFile(filepath.Join(outside, "pipe"), []byte("go on\n"), 0); err != nil {
				t.Fatal(err)
			}
			if got := p.end(t); got != 3 {
				t.Errorf("exit code is %d, want 3", got)
			}
			if got := readFile(t, filepath.Join(outside, "marker")); got != "3" {
				t.Errorf("marker is %q, want 3", got)
			}
			log := readFile(t, filepath.Join(outside, "log"))
			rest := strings.TrimLeft(log, "y\n")
			kept := len(log) - len(rest)
			if kept < 4096 || kept >= filler {
				t.Errorf("process log kept %d bytes of %d, want some", kept, filler)
			}
			want := strings.NewReplacer("N", strconv.Itoa(filler+len("full\n")-kept), "DISK", disk).Replace(test.log)
			if diff := cmp.Diff(want, plain(t, rest)); diff != "" {
				t.Errorf("end of the process log (-want +got):\n%s", diff)
			}
		})
	}
}

// The job's stdout is no file that it could cut short by opening it.
func TestStdoutIsNoFile(t *testing.T) {
	p := newProgram(t, nil, "sh", "-c", "echo 1; echo 2 > /dev/stdout; echo 3 >> /dev/stderr; : > /proc/self/fd/1; echo 4")
	if got := p.run(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
	if got, want := p.log(t), "1\n2\n3\n4\n"; got != want {
		t.Errorf("process log is %q, want %q", got, want)
	}
	if got, want := p.stdout.String(), "1\n2\n3\n4\n"; got != want {
		t.Errorf("stdout is %q, want %q", got, want)
	}
}

// A job that cuts its log short loses that, and nothing else.
func TestLogCutShort(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) {
		o.Args = []string{"sh", "-c", "echo 1; : > " + o.ProcessLog + "; echo 2; exit 3"}
	})
	if got := p.run(t); got != 3 {
		t.Errorf("exit code is %d, want 3", got)
	}
	if got := p.log(t); !strings.HasSuffix(got, "2\n") {
		t.Errorf("process log is %q, want it to end with 2", got)
	}
}
