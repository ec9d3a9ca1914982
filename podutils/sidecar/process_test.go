// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
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

func (p *pod) waitUntilReady(t *testing.T) {
	t.Helper()
	waitUntil(t, "it handles signals", func() bool { return p.waits(t) })
}

func (p *pod) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// kill ends the sidecar as a node does that is lost.
func (p *pod) kill(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGKILL)
	p.end(t)
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
