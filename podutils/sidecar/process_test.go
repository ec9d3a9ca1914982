// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// waits tells whether the sidecar waits for the marker, and so handles signals:
// it watches the folder with inotify.
func (p *pod) waits(t *testing.T) bool {
	t.Helper()
	dir := "/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/fd/"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if target, err := os.Readlink(dir + entry.Name()); err == nil && strings.Contains(target, "inotify") {
			return true
		}
	}
	return false
}

func (p *pod) exists(name string) bool {
	_, err := os.Stat(p.path(name))
	return err == nil
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
