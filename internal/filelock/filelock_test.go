// SPDX-License-Identifier: Apache-2.0

package filelock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/filelock"
)

// One has the lock; who waits is told so, can be ended, and has it afterwards.
func TestLock(t *testing.T) {
	for name, lock := range map[string]func(context.Context, string, string, io.Writer) (func(), error){
		"file": filelock.File, "folder": filelock.Folder,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			unlock, err := lock(t.Context(), path, "", io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			ended, end := context.WithCancel(t.Context())
			end()
			var told bytes.Buffer
			if _, err := lock(ended, path, "waiting for us", &told); !errors.Is(err, context.Canceled) || err.Error() != "waiting for us: context canceled" {
				t.Errorf("who waits gets %v", err)
			}
			if told.String() != "waiting for us\n" {
				t.Errorf("who waits is told %q", told.String())
			}
			// The holder removes what it has locked: its lock keeps nobody out any more.
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			again, err := lock(t.Context(), path, "", io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			unlock()
			if _, err := lock(ended, path, "", io.Discard); !errors.Is(err, context.Canceled) {
				t.Errorf("a third gets %v", err)
			}
			again()
		})
	}
	if _, err := filelock.File(t.Context(), filepath.Join(t.TempDir(), "none", "file"), "", io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}
