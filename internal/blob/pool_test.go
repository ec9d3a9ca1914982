// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"context"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// A bucket is opened once, and outlives who needed it first.
func TestPool(t *testing.T) {
	var pool blob.Pool
	url := "file://" + t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	first, err := pool.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := first.Write(t.Context(), "key", []byte("text"), nil); err != nil {
		t.Error(err)
	}
	second, err := pool.Open(t.Context(), url)
	if err != nil || second != first {
		t.Errorf("opened again: %v", err)
	}
	if other, err := pool.Open(t.Context(), "file://"+t.TempDir()); err != nil || other == first {
		t.Errorf("another URL gives the same bucket, or %v", err)
	}
	if _, err := pool.Open(t.Context(), "ftp://b"); err == nil {
		t.Error("no error for a bucket of no known kind")
	}
}
