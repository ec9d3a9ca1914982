// SPDX-License-Identifier: Apache-2.0

// Package process knows processes again: a number alone may by now be that of
// another process.
//
// Started by package cluster, which starts processes that outlive it, and ends
// those later that it or an earlier one started, and no others. Changes
// nothing but those processes.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Identity tells a process from a later one with its number.
type Identity struct {
	PID int `json:"pid"`
	// Start is when it started, in the kernel's ticks since the machine's boot.
	Start uint64 `json:"start"`
	// Program is the path of the file that it runs.
	Program string `json:"program"`
}

// Of returns the identity of a process that runs the program.
func Of(pid int, program string) (Identity, error) {
	stat, err := os.ReadFile(proc(pid, "stat"))
	if err != nil {
		return Identity{}, err
	}
	_, start, err := parseStat(string(stat))
	return Identity{PID: pid, Start: start, Program: program}, err
}

// Alive reports whether the process is there and has not ended.
func (i Identity) Alive() bool {
	stat, err := os.ReadFile(proc(i.PID, "stat"))
	if err != nil {
		return false
	}
	state, start, err := parseStat(string(stat))
	if err != nil || start != i.Start || state == 'Z' || state == 'X' {
		return false
	}
	program, err := os.Readlink(proc(i.PID, "exe"))
	return err == nil && strings.TrimSuffix(program, " (deleted)") == i.Program // deleted: a newer one was built
}

// Kill kills the process, and waits until it has ended. It is no error if there
// is no such process.
func (i Identity) Kill(ctx context.Context) error {
	p, err := os.FindProcess(i.PID) // holds the process, so that its number stays its own
	if err != nil {
		return err
	}
	defer p.Release() //nolint:errcheck // it fails only when it was released before
	if !i.Alive() {
		return nil
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing process %d, %s: %w", i.PID, i.Program, err)
	}
	return until(ctx, fmt.Sprintf("process %d, %s, to end", i.PID, i.Program), func() (bool, error) { return !i.Alive(), nil })
}

// Marked returns the processes that have entry, as "NAME=value", in the
// environment that they were started with. Children inherit it.
func Marked(entry string) ([]int, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, dir := range dirs {
		environment, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil {
			continue // it ended meanwhile
		}
		if slices.Contains(strings.Split(string(environment), "\x00"), entry) {
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// KillAll kills the processes that find returns, until it returns none; a
// process may start others while it dies.
func KillAll(ctx context.Context, find func() ([]int, error)) error {
	return until(ctx, "all processes to end", func() (bool, error) {
		found, err := find()
		if err != nil || len(found) == 0 {
			return err == nil, err
		}
		held := make(map[int]*os.Process, len(found)) // what is held keeps its number
		for _, pid := range found {
			if held[pid], err = os.FindProcess(pid); err != nil {
				return false, err
			}
			defer held[pid].Release() //nolint:errcheck // it fails only when it was released before
		}
		if found, err = find(); err != nil { // some may have become others before they were held
			return false, err
		}
		for _, pid := range found {
			p, ok := held[pid]
			if !ok {
				continue
			}
			if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return false, fmt.Errorf("killing process %d: %w", pid, err)
			}
		}
		return false, nil
	})
}

// parseStat reads the state and the start of a process from its stat file,
// whose second field is a name in parentheses that may contain anything.
func parseStat(stat string) (state byte, start uint64, err error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const startField = 22 - 3 // the rest begins with the third field
	if len(fields) <= startField {
		return 0, 0, fmt.Errorf("stat of a process has %d fields after its name", len(fields))
	}
	start, err = strconv.ParseUint(fields[startField], 10, 64)
	return fields[0][0], start, err
}

func proc(pid int, file string) string { return filepath.Join("/proc", strconv.Itoa(pid), file) }

// until asks again and again.
func until(ctx context.Context, what string, is func() (bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := is(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}
