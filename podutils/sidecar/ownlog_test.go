// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A read-only root has no folder for temporary files, and what is in the shared
// folder has no name that a job could take.
func TestReadOnlyRoot(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	p := newPod(t, "test")
	p.start(t, presubmit)
	p.waitUntilReady(t)
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is in the shared folder", entry.Name())
	}
	p.write(t, "test-log.txt", "all is well")
	p.write(t, "test-marker.txt", "0")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d", got)
	}
	if own := p.uploaded(t)["sidecar-logs.json"]; !strings.Contains(own, "Starting to upload") {
		t.Errorf("sidecar's own log is %q", own)
	}
}
