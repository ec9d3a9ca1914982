// SPDX-License-Identifier: Apache-2.0

// Package proctest is for tests of real processes, which tell nobody how far they
// have come. Started by: tests. Changes: nothing. Config: none. In Prow: nothing.
package proctest

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a process may take on a machine that is very busy.
const patience = 60 * time.Second

// Until waits until something is so; what says it in the error.
func Until(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}

// Watches tells whether a process watches folders, with inotify.
func Watches(tb testing.TB, pid int) bool {
	tb.Helper()
	dir := "/proc/" + strconv.Itoa(pid) + "/fd/"
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, entry := range entries {
		if target, err := os.Readlink(dir + entry.Name()); err == nil && strings.Contains(target, "inotify") {
			return true
		}
	}
	return false
}
