// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		name         string
		set          func(o *wrapper.Entrypoint)
		args         []string
		exit, marker int
		log          string
	}{
		{name: "killed by a signal", args: []string{"sh", "-c", "kill -9 $$"}, exit: 255, marker: -1},
		{
			name: "no such program", args: []string{"/no/such/program"}, exit: 127, marker: 127,
			log: "could not start the process: fork/exec /no/such/program: no such file or directory",
		},
		{
			name: "always zero", args: []string{"sh", "-c", "exit 4"}, exit: 0, marker: 4,
			set: func(o *wrapper.Entrypoint) { o.AlwaysZero = true },
		},
		{
			name: "in a group of its own, for it to kill", args: []string{"sh", "-c", `[ "$(cut -d ' ' -f 5 /proc/$$/stat)" = $$ ] && exit 5`}, exit: 5, marker: 5,
		},
		{
			name: "timeout", args: []string{"sh", "-c", "exec sleep 60"}, exit: 127, marker: 127,
			set: func(o *wrapper.Entrypoint) { o.Timeout, o.GracePeriod = 200*time.Millisecond, time.Minute },
			log: "error: Process did not finish before 200ms timeout\nerror: Process gracefully exited before 1m0s grace period\n",
		},
		{
			name: "timeout, code propagated", args: []string{"sh", "-c", "trap 'exit 6' INT; sleep 60 & wait"}, exit: 6, marker: 6,
			set: func(o *wrapper.Entrypoint) {
				o.Timeout, o.GracePeriod, o.PropagateErrorCode = time.Second, time.Second, true
			},
			log: "error: Process did not finish before 1s timeout\nerror: Process did not exit before 1s grace period\n",
		},
		{
			name: "timeout, interrupt ignored", args: []string{"sh", "-c", "trap '' INT; sleep 60"}, exit: 127, marker: 127,
			set: func(o *wrapper.Entrypoint) { o.Timeout, o.GracePeriod = 200*time.Millisecond, 200*time.Millisecond },
			log: "error: Process did not finish before 200ms timeout\nerror: Process did not exit before 200ms grace period\n",
		},
		{
			name: "exits well, but leaves a child with its output", args: []string{"sh", "-c", "echo hello; sleep 60 &"}, exit: 0, marker: 0,
			set: func(o *wrapper.Entrypoint) { o.GracePeriod = 200 * time.Millisecond },
			log: "hello\nwarning: Process exited, but left others running; killing them after 200ms grace period\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, test.set, test.args...)
			if got := p.run(t); got != test.exit {
				t.Errorf("exit code is %d, want %d", got, test.exit)
			}
			if got := p.marker(t); got != strconv.Itoa(test.marker) {
				t.Errorf("marker is %q, want %d", got, test.marker)
			}
			if diff := cmp.Diff(test.log, plain(t, p.log(t))); diff != "" {
				t.Errorf("process log (-want +got):\n%s", diff)
			}
		})
	}
}

// signals are sent when the wrapped process says "ready".
func TestSignals(t *testing.T) {
	for _, test := range []struct {
		name, script string
		signal       os.Signal
		set          func(o *wrapper.Entrypoint)
		exit         int
		log          string
	}{
		{
			name: "SIGTERM arrives after an interrupt", signal: syscall.SIGTERM, exit: 130,
			script: "trap 'echo INT' INT; trap 'echo TERM; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
			log:    "ready\nerror: Entrypoint received interrupt: terminated\nINT\nTERM\nerror: Process gracefully exited before 15s grace period\n",
		},
		{
			name: "SIGINT", signal: os.Interrupt, exit: 130,
			script: "trap 'echo INT; exit 3' INT; echo ready; while :; do sleep 0.05; done",
			log:    "ready\nerror: Entrypoint received interrupt: interrupt\nINT\nerror: Process gracefully exited before 15s grace period\n",
		},
		{
			name: "the process alone is told", signal: syscall.SIGTERM, exit: 130,
			script: "sh -c 'trap \"echo told INT\" INT; trap \"echo told TERM\" TERM; while ! [ -e $ARTIFACTS/told ]; do sleep 0.05; done; echo child ends' & " +
				"trap : INT; trap 'touch $ARTIFACTS/told; wait; exit 0' TERM; echo ready; while :; do sleep 0.05; done",
			log: "ready\nerror: Entrypoint received interrupt: terminated\nchild ends\nerror: Process gracefully exited before 15s grace period\n",
		},
		{
			name: "code propagated", signal: os.Interrupt, exit: 3,
			set:    func(o *wrapper.Entrypoint) { o.PropagateErrorCode = true },
			script: "trap 'exit 3' INT; echo ready; while :; do sleep 0.05; done",
			log:    "ready\nerror: Entrypoint received interrupt: interrupt\nerror: Process gracefully exited before 15s grace period\n",
		},
		{
			name: "both ignored", signal: syscall.SIGTERM, exit: 130,
			set:    func(o *wrapper.Entrypoint) { o.GracePeriod = 300 * time.Millisecond },
			script: "trap '' INT TERM; echo ready; while :; do sleep 0.05; done",
			log:    "ready\nerror: Entrypoint received interrupt: terminated\nerror: Process did not exit before 300ms grace period\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, test.set, "sh", "-c", test.script)
			p.startAndWaitFor(t, "ready")
			if err := p.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			if got := p.end(t); got != test.exit {
				t.Errorf("exit code is %d, want %d", got, test.exit)
			}
			if got := p.marker(t); got != strconv.Itoa(test.exit) {
				t.Errorf("marker is %q, want %d", got, test.exit)
			}
			if diff := cmp.Diff(lines(test.log), lines(plain(t, p.log(t)))); diff != "" {
				t.Errorf("process log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInterruptWhileWaitingForPrevious(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) {
		o.PreviousMarker = filepath.Join(filepath.Dir(o.MarkerFile), "previous")
	}, "true")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the process log is there", func() bool { return exists(p.options.ProcessLog) }) // it is made just before the wait
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != wrapper.CodeInternal {
		t.Errorf("exit code is %d, want %d", got, wrapper.CodeInternal)
	}
	if got := p.marker(t); got != "127" {
		t.Errorf("marker is %q, want 127", got)
	}
	if got, want := plain(t, p.log(t)), "error: Received interrupt terminated, cancelling...\n"; got != want {
		t.Errorf("process log is %q, want %q", got, want)
	}
}

// What cannot be read says nothing of the process before, good or bad.
func TestUnreadablePreviousMarker(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) {
		o.PreviousMarker = filepath.Join(filepath.Dir(o.MarkerFile), "previous")
		if err := os.WriteFile(o.PreviousMarker, []byte("no number"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "true")
	if got := p.run(t); got != wrapper.CodeInternal {
		t.Errorf("exit code is %d, want %d", got, wrapper.CodeInternal)
	}
	if got := p.marker(t); got != "127" {
		t.Errorf("marker is %q, want 127", got)
	}
}

// Without its marker nobody learns of a failure, so the exit code has to tell.
func TestUnwritableMarker(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) {
		o.MarkerFile, o.AlwaysZero = filepath.Join(filepath.Dir(o.MarkerFile), "no", "such", "folder"), true
	}, "true")
	if got := p.run(t); got != wrapper.CodeInternal {
		t.Errorf("exit code is %d, want %d", got, wrapper.CodeInternal)
	}
}

func TestCopyMode(t *testing.T) {
	p := newProgram(t, nil)
	destination := filepath.Join(t.TempDir(), "entrypoint")
	p.Args = append(p.Args, "--copy-mode-only", "--copy-destination="+destination)
	p.Env = append(os.Environ(), beProgram+"=1")
	if got := p.run(t); got != 0 {
		t.Fatalf("exit code is %d, want 0", got)
	}
	info, err := os.Stat(destination)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode().Perm(), os.FileMode(0o755); got != want {
		t.Errorf("mode of the copy is %v, want %v", got, want)
	}
	help := exec.CommandContext(t.Context(), destination, "--help")
	help.Env = append(os.Environ(), beProgram+"=1")
	out, err := help.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "-grace-period") {
		t.Errorf("--help of the copy: %v\n%s", err, out)
	}
}

// Where the variable is set the flags do not count, not even wrong ones.
func TestVariableBeatsFlags(t *testing.T) {
	p := newProgram(t, nil, "true")
	p.Args = append(p.Args, "--no-such-flag", "--copy-mode-only", "false")
	if got := p.run(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
}

func TestInvalidOptions(t *testing.T) {
	for name, set := range map[string]func(o *wrapper.Entrypoint){
		"no args":            func(o *wrapper.Entrypoint) { o.Args = nil },
		"no process log":     func(o *wrapper.Entrypoint) { o.ProcessLog = "" },
		"no marker":          func(o *wrapper.Entrypoint) { o.MarkerFile = "" },
		"propagate and zero": func(o *wrapper.Entrypoint) { o.PropagateErrorCode, o.AlwaysZero = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, set, "true")
			p.Stderr = io.Discard
			if got := p.run(t); got != 1 {
				t.Errorf("exit code is %d, want 1", got)
			}
		})
	}
}

// startAndWaitFor starts the program, and returns when it prints the line.
func (p *program) startAndWaitFor(t *testing.T, line string) {
	t.Helper()
	p.Stdout = nil
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		if scanner.Text() == line {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	t.Fatalf("no line %q: %v", line, scanner.Err())
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lines is the set of lines: what the process writes and what is logged of it race.
func lines(text string) map[string]int {
	set := map[string]int{}
	for line := range strings.Lines(text) {
		set[line]++
	}
	return set
}

// The wire names are an interface to pods that are already running.
func TestOptionsJSON(t *testing.T) {
	got, err := json.Marshal(wrapper.Entrypoint{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"timeout":1000000000,"grace_period":0,"process_log":"","marker_file":"","metadata_file":""}`
	if string(got) != want {
		t.Errorf("JSON is %s, want %s", got, want)
	}
}
