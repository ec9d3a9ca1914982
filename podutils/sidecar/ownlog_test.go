// SPDX-License-Identifier: Apache-2.0

package sidecar_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"math/rand/v2"
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
	p.write(t, "artifacts/nested.tar", largeNested(t))
	p.write(t, "test-marker.txt", "0")
	if got := p.end(t); got != 0 {
		t.Errorf("exit code is %d", got)
	}
	if own := p.uploaded(t)["sidecar-logs.json"]; !strings.Contains(own, "Starting to upload") {
		t.Errorf("sidecar's own log is %q", own)
	}
	if odd := p.finished(t)["metadata"]; odd != nil {
		t.Errorf("the archive could not be searched: %v", odd)
	}
}

// largeNested is an archive in an archive, too large to be searched in memory.
func largeNested(t *testing.T) string {
	t.Helper()
	noise := make([]byte, 2<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise) // it never fails
	var inner, outer bytes.Buffer
	zip := gzip.NewWriter(&inner)
	if _, err := zip.Write(noise); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(&outer)
	if err := archive.WriteHeader(&tar.Header{Name: "noise.gz", Size: int64(inner.Len()), Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(inner.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return outer.String()
}
