// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/proctest"
)

// waits tells whether the sidecar waits for the marker, and so handles signals:
// it watches the folder with inotify.
func (p *pod) waits(t *testing.T) bool {
	t.Helper()
	return proctest.Watches(t, p.cmd.Process.Pid)
}

func (p *pod) waitUntilReady(t *testing.T) {
	t.Helper()
	proctest.Until(t, "it handles signals", func() bool { return p.waits(t) })
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
