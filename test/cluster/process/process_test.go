// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 97531 5 6"
	for _, tc := range []struct {
		stat      string
		wantState byte
		wantStart uint64
		wantErr   bool
	}{
		{"12 (kubelet)" + rest, 'S', 97531, false},
		{"12 (a) b (c)" + rest, 'S', 97531, false}, // a name may contain anything
		{"12 (kubelet) Z 1", 0, 0, true},
		{"", 0, 0, true},
	} {
		state, start, err := parseStat(tc.stat)
		if state != tc.wantState || start != tc.wantStart || (err != nil) != tc.wantErr {
			t.Errorf("%q: got %q, %d, %v; want %q, %d, error: %v", tc.stat, state, start, err, tc.wantState, tc.wantStart, tc.wantErr)
		}
	}
}

// start starts a process that does nothing, and reads its identity back.
func start(t *testing.T, mark string) Identity {
	t.Helper()
	dir := t.TempDir()
	program, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "1000")
	cmd.Env = []string{mark}
	pidFile := filepath.Join(dir, "pid")
	if err := Start(cmd, pidFile, filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	identity, err := Read(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	if identity.PID != cmd.Process.Pid {
		t.Fatalf("got process %d, want %d", identity.PID, cmd.Process.Pid)
	}
	return identity
}

// Only the very process is alive, and only it is killed.
func TestIdentity(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	real := start(t, "")
	older, other := real, real
	older.Start--
	other.Program = "/bin/other"
	for name, stale := range map[string]Identity{"an earlier start": older, "another program": other, "none": {}} {
		if stale.Alive() {
			t.Errorf("%s: is alive", name)
		}
		if err := stale.Kill(ctx); err != nil {
			t.Errorf("%s: killing it: %v", name, err)
		}
	}
	if !real.Alive() {
		t.Fatal("the process itself is not alive")
	}
	if err := real.Kill(ctx); err != nil || real.Alive() {
		t.Errorf("after killing it: %v, alive: %v", err, real.Alive())
	}
}

func TestReadNoFile(t *testing.T) {
	if identity, err := Read(filepath.Join(t.TempDir(), "pid")); err != nil || identity.Alive() {
		t.Errorf("got %v, %v; want one that is not alive", identity, err)
	}
}

// Those with the mark die, also when they are many; the others live.
func TestKillMarked(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mark := fmt.Sprintf("CUTWATER_TEST=%s", t.TempDir())
	ours, others := []Identity{start(t, mark), start(t, mark)}, start(t, mark+"2")
	if err := KillAll(ctx, func() ([]int, error) { return Marked(mark) }); err != nil {
		t.Fatal(err)
	}
	for _, identity := range ours {
		if identity.Alive() {
			t.Errorf("%v is alive", identity)
		}
	}
	if !others.Alive() {
		t.Error("another was killed")
	}
}
