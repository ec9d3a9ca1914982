// SPDX-License-Identifier: Apache-2.0

package wrapper_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/wrapper"
)

func TestMarker(t *testing.T) {
	dir := t.TempDir()
	o := &wrapper.Options{ContainerName: "test", MarkerFile: filepath.Join(dir, "marker")}
	for _, code := range []int{0, 1130, -1} {
		marker := wrapper.ReserveMarker(o)
		if got, err := wrapper.ReadMarker(o.MarkerFile); code == 0 && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("read %d (%v) before there was any", got, err)
		}
		if err := marker.Write(code); err != nil {
			t.Fatal(err)
		}
		if got, err := wrapper.ReadMarker(o.MarkerFile); err != nil || got != code {
			t.Errorf("read %d (%v), want %d", got, err, code)
		}
	}
	info, err := os.Stat(o.MarkerFile)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o777 {
		t.Errorf("mode is %v, want 0777", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (%v), want the marker alone", entries, err)
	}
	o.MarkerFile = filepath.Join(dir, "no", "such", "folder")
	if err := wrapper.ReserveMarker(o).Write(0); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

// A job may remove whatever it finds beside its log, or put something else there,
// such as a link that leads to what it must not change.
func TestMarkerWithoutReserve(t *testing.T) {
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(reserve string) error{
		"removed": os.Remove,
		"a link": func(reserve string) error {
			return errors.Join(os.Remove(reserve), os.Symlink(precious, reserve))
		},
		"a pipe": func(reserve string) error {
			return errors.Join(os.Remove(reserve), syscall.Mkfifo(reserve, 0o600))
		},
	} {
		dir := t.TempDir()
		o := &wrapper.Options{ContainerName: "test", MarkerFile: filepath.Join(dir, "marker")}
		marker := wrapper.ReserveMarker(o)
		reserves, err := filepath.Glob(filepath.Join(dir, "test*"))
		if err != nil || len(reserves) != 1 {
			t.Fatalf("reserved %v (%v), want one file", reserves, err)
		}
		if err := spoil(reserves[0]); err != nil {
			t.Fatal(err)
		}
		if err := marker.Write(7); err != nil {
			t.Fatal(err)
		}
		if got, err := wrapper.ReadMarker(o.MarkerFile); err != nil || got != 7 {
			t.Errorf("%s: read %d (%v), want 7", name, got, err)
		}
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "as it was" {
		t.Errorf("what the link led to is %q (%v)", text, err)
	}
}

// A job may put anything in the marker's place; what it is must not get around.
func TestHostileMarker(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("s3cr3t"), 0o600); err != nil {
		t.Fatal(err)
	}
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, marker := range []string{link, pipe, dir} {
		if code, err := wrapper.ReadMarker(marker); code != -1 || err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: read %d (%v), want -1 and an error that repeats nothing", marker, code, err)
		}
	}
}

// All markers have to be there; one may have been before, one comes later, and
// each in a folder of its own.
func TestWaitForMarkers(t *testing.T) {
	early, late := filepath.Join(t.TempDir(), "early"), filepath.Join(t.TempDir(), "late")
	if err := os.WriteFile(early, []byte("no number"), 0o600); err != nil {
		t.Fatal(err)
	}
	type result struct {
		marks []wrapper.Mark
		err   error
	}
	results := make(chan result)
	go func() {
		marks, err := wrapper.WaitForMarkers(t.Context(), []string{early, late})
		results <- result{marks, err}
	}()
	select {
	case r := <-results:
		t.Fatalf("did not wait: %v", r)
	default:
	}
	if err := wrapper.ReserveMarker(&wrapper.Options{MarkerFile: late}).Write(3); err != nil {
		t.Fatal(err)
	}
	r := <-results
	if r.err != nil || len(r.marks) != 2 || r.marks[0].Code != -1 || r.marks[0].Err == nil || r.marks[1] != (wrapper.Mark{Code: 3}) {
		t.Errorf("marks are %v (%v), want an error and 3", r.marks, r.err)
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := wrapper.WaitForMarkers(ctx, []string{filepath.Join(t.TempDir(), "never")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

// Where nothing tells of changes, here since the folder is not there yet, the
// markers are looked for every ten seconds.
func TestPolls(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "later", "marker")
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		time.AfterFunc(25*time.Second, func() {
			if err := os.Mkdir(filepath.Dir(marker), 0o700); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(marker, []byte("0"), 0o600); err != nil {
				t.Error(err)
			}
		})
		marks, err := wrapper.WaitForMarkers(t.Context(), []string{marker})
		if err != nil || len(marks) != 1 || marks[0] != (wrapper.Mark{}) {
			t.Errorf("marks are %v (%v), want 0", marks, err)
		}
		if got := time.Since(begin); got != 30*time.Second {
			t.Errorf("found after %v, want 30s", got)
		}
	})
}
