// SPDX-License-Identifier: Apache-2.0

package logs_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/local/node/logs"
)

func create(t *testing.T, limit int64, now func() time.Time) *logs.Log {
	t.Helper()
	l, err := logs.Create(filepath.Join(t.TempDir(), "0.log"), limit, now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func write(t *testing.T, l *logs.Log, stream string, chunks ...string) {
	t.Helper()
	w := l.Stream(stream)
	for _, chunk := range chunks {
		if _, err := w.Write([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, l *logs.Log, opts logs.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := l.Read(t.Context(), opts, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	long := strings.Repeat("x", 40_000)
	l := create(t, 1<<20, func() time.Time { at = at.Add(time.Second); return at })
	write(t, l, "stdout", "one\ntw", "o\n")
	write(t, l, "stderr", "three\n", "no newline")
	n := func(n int64) *int64 { return &n }
	for _, test := range []struct {
		name string
		opts logs.Options
		want string
	}{
		{"all", logs.Options{}, "one\ntwo\nthree\nno newline"},
		{"tail", logs.Options{Tail: n(2)}, "three\nno newline"},
		{"tail of more", logs.Options{Tail: n(9)}, "one\ntwo\nthree\nno newline"},
		{"tail of nothing", logs.Options{Tail: n(0)}, ""},
		{"limit", logs.Options{Limit: n(5)}, "one\nt"},
		{"since", logs.Options{Since: time.Date(2026, 1, 2, 3, 4, 8, 0, time.UTC)}, "three\nno newline"},
		{"timestamps", logs.Options{Timestamps: true, Tail: n(2)}, "2026-01-02T03:04:08Z three\n2026-01-02T03:04:10Z no newline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(t, l, test.opts)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	write(t, l, "stdout", "\n"+long+"\n")
	if got, want := read(t, l, logs.Options{}), "one\ntwo\nthree\nno newline\n"+long+"\n"; got != want {
		t.Errorf("a long line: got %d bytes, want %d", len(got), len(want))
	}
}

// A log keeps between one and two times its limit, and who follows it from
// the start misses nothing.
func TestLimitAndFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := create(t, 1000, time.Now)
		var followed bytes.Buffer
		done := make(chan error)
		go func() { done <- l.Read(t.Context(), logs.Options{Follow: true}, &followed) }()
		var want strings.Builder
		for i := range 100 {
			line := fmt.Sprintf("line %d\n", i)
			want.WriteString(line)
			write(t, l, "stdout", line)
			synctest.Wait()
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), followed.String()); diff != "" {
			t.Errorf("followed (-want +got):\n%s", diff)
		}
		kept := read(t, logs.Finished(l.Path()), logs.Options{})
		if len(kept) == 0 || len(kept) > 2000 || !strings.HasSuffix(want.String(), kept) {
			t.Errorf("kept %d bytes, want up to 2000 of the end: %q", len(kept), kept)
		}
	})
}
