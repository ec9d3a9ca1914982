// SPDX-License-Identifier: Apache-2.0

package entrypoint_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

// Whatever a job started is gone when entrypoint is, wherever it hid.
func TestNothingOutlivesTheJob(t *testing.T) {
	const lives = `sh -c 'trap "" INT TERM; echo $$ > $ARTIFACTS/pid; while :; do sleep 60; done'`
	const untilItLives = "; until [ -s $ARTIFACTS/pid ]; do sleep 0.01; done; "
	for name, test := range map[string]struct {
		script string
		exit   int // 130: it is stopped
	}{
		"a grandchild":                            {"(trap '' INT TERM; " + lives + "; :) & wait", 130},
		"one in a session of its own":             {"setsid " + lives + " & wait", 130},
		"a daemon, whose parent is gone":          {"(setsid " + lives + " &); sleep 60", 130},
		"one that is stopped":                     {lives + " & " + untilItLives[1:] + "kill -STOP $!; touch $ARTIFACTS/stopped; sleep 60", 130},
		"a daemon without output, after success":  {"(setsid " + lives + " >/dev/null 2>&1 &)" + untilItLives, 0},
		"a daemon with the output, after success": {"(setsid " + lives + " &)" + untilItLives, 0},
		"one with the output, after a failure":    {lives + " & " + untilItLives[1:] + "exit 4", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, func(o *wrapper.Entrypoint) { o.GracePeriod = 200 * time.Millisecond }, "sh", "-c", test.script)
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			pid := 0
			waitUntil(t, "it lives", func() bool {
				text, _ := os.ReadFile(filepath.Join(p.options.ArtifactDir, "pid")) // not there yet
				pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
				return pid != 0 && (!strings.Contains(test.script, "stopped") || exists(filepath.Join(p.options.ArtifactDir, "stopped")))
			})
			if test.exit == wrapper.CodeAborted {
				if err := p.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.end(t); got != test.exit {
				t.Errorf("exit code is %d, want %d", got, test.exit)
			}
			if exists("/proc/" + strconv.Itoa(pid)) {
				t.Errorf("process %d is still there", pid)
			}
		})
	}
}

// What the job leaves to us does not stay in the list of processes, which has an
// end, while the job runs on.
func TestReapsOrphans(t *testing.T) {
	p := newProgram(t, nil, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do (sh -c 'sleep 0.1; cut -d \" \" -f 4 /proc/$$/stat >> $ARTIFACTS/parents' &); done; echo ready; exec sleep 60")
	p.startAndWaitFor(t, "ready")
	entrypoint := strconv.Itoa(p.Process.Pid)
	waitUntil(t, "the orphans are ours, and gone", func() bool {
		parents, _ := os.ReadFile(filepath.Join(p.options.ArtifactDir, "parents")) // not there yet
		return string(parents) == strings.Repeat(entrypoint+"\n", 9) && len(children(t, entrypoint)) == 1
	})
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != wrapper.CodeAborted {
		t.Errorf("exit code is %d, want %d", got, wrapper.CodeAborted)
	}
}

// In its container it is the first process, for which signals and orphans are
// different.
func TestAsFirstProcess(t *testing.T) {
	p := newProgram(t, nil, "sh", "-c", "echo $PPID; (setsid sleep 60 > /dev/null 2>&1 &); (sleep 0 &); trap 'exit 5' TERM; trap : INT; echo ready; while :; do sleep 0.05; done")
	p.within(t, syscall.CLONE_NEWPID, `mount -t proc none /proc && exec "$1"`, "mount -t proc none /proc", p.Path)
	p.startAndWaitFor(t, "ready")
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != wrapper.CodeAborted {
		t.Errorf("exit code is %d, want %d", got, wrapper.CodeAborted)
	}
	if got := p.marker(t); got != "130" {
		t.Errorf("marker is %q, want 130", got)
	}
	want := "1\nready\nerror: Entrypoint received interrupt: terminated\nerror: Process gracefully exited before 15s grace period\n"
	if diff := cmp.Diff(want, plain(t, p.log(t))); diff != "" {
		t.Errorf("process log (-want +got):\n%s", diff)
	}
}

// children are those of a process that have not been waited for.
func children(t *testing.T, pid string) (all []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		stat, _ := os.ReadFile(path) // it may have ended
		if _, rest, ok := strings.Cut(string(stat), ") "); ok && strings.Fields(rest)[1] == pid {
			all = append(all, string(stat))
		}
	}
	return all
}

// The exit code is that of the process, even if we are told to stop while its
// children have not ended: that only ends the wait for their output.
func TestSignalAfterTheEnd(t *testing.T) {
	p := newProgram(t, func(o *wrapper.Entrypoint) { o.GracePeriod = time.Hour },
		"sh", "-c", "sh -c 'while kill -0 '$$'; do sleep 0.01; done 2>/dev/null; sleep 0.1; echo ready; sleep 3600' & exit 0")
	p.startAndWaitFor(t, "ready")
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d, want 0", got)
	}
	if got := p.marker(t); got != "0" {
		t.Errorf("marker is %q, want 0", got)
	}
}
