// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// list returns the keys of a listing.
func list(t *testing.T, b *blob.Bucket, prefix, delimiter string) []string {
	t.Helper()
	var keys []string
	for o, err := range b.List(t.Context(), prefix, delimiter) {
		if err != nil {
			t.Fatal(err)
		}
		if o.IsDir != (delimiter != "" && strings.HasSuffix(o.Key, delimiter)) {
			t.Errorf("%s: got IsDir %t", o.Key, o.IsDir)
		}
		if !o.IsDir && (o.Size != 4 || o.ModTime.IsZero()) {
			t.Errorf("%s: got size %d and time %v, want 4 and any", o.Key, o.Size, o.ModTime)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func testList(t *testing.T, b *blob.Bucket, prefix string) {
	for _, key := range []string{"a", "a-b", "a.d/x", "b/c/d", "b/c/e", "b/f", "b0", "c/1.txt", "c/2.txt"} {
		write(t, b, prefix+key, "data")
	}
	write(t, b, prefix+"gone/x", "data")
	if err := b.Delete(t.Context(), prefix+"gone/x"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		prefix, delimiter string
		want              []string
	}{
		{"", "", []string{"a", "a-b", "a.d/x", "b/c/d", "b/c/e", "b/f", "b0", "c/1.txt", "c/2.txt"}},
		{"", "/", []string{"a", "a-b", "a.d/", "b/", "b0", "c/"}},
		{"a", "/", []string{"a", "a-b", "a.d/"}},
		{"b", "", []string{"b/c/d", "b/c/e", "b/f", "b0"}},
		{"b/", "/", []string{"b/c/", "b/f"}},
		{"b/c", "", []string{"b/c/d", "b/c/e"}},
		{"b/c", "/", []string{"b/c/"}},
		{"b/c/d", "/", []string{"b/c/d"}},
		{"missing/", "", nil},
		{"a/x", "", nil},
		{"gone", "/", nil},
	} {
		var want []string
		for _, key := range tc.want {
			want = append(want, prefix+key)
		}
		if diff := cmp.Diff(want, list(t, b, prefix+tc.prefix, tc.delimiter)); diff != "" {
			t.Errorf("prefix %q, delimiter %q (-want +got):\n%s", tc.prefix, tc.delimiter, diff)
		}
	}
}

func testListSeesChanges(t *testing.T, b *blob.Bucket, prefix string) {
	for i := range 20 {
		key := fmt.Sprintf("%s%02d", prefix, i)
		write(t, b, key, "data")
		if got := list(t, b, key, ""); len(got) != 1 {
			t.Errorf("after writing: got %v, want %s", got, key)
		}
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got := list(t, b, key, ""); len(got) != 0 {
			t.Errorf("after deleting: got %v, want nothing", got)
		}
	}
}

func testOddKeys(t *testing.T, b *blob.Bucket, prefix string) {
	keys := []string{
		"space here", "plus+", "percent%41", "percent%", "question?mark", "hash#", "quote\"'`", "back\\slash",
		"ünïcode 🚢", "star*[x]{y}", "colon:at@", "amp&equals=", "semi;comma,", "tilde~", "-dash", ".hidden",
		"dots..in", "org_repo/123/[job]/x", "lines\nin\rit", "tab\tand\x7f", "replaced\ufffd",
		strings.Repeat("folder/", (1024-len(prefix))/7)[:1024-len(prefix)-1] + "x", // the longest there may be
	}
	for _, key := range keys {
		write(t, b, prefix+key, key)
	}
	for _, key := range keys {
		wantObject(t, b, prefix+key, key)
		found := false
		for o, err := range b.List(t.Context(), prefix+key, "") {
			if err != nil {
				t.Fatal(err)
			}
			found = found || o.Key == prefix+key
		}
		if !found {
			t.Errorf("%q is not in its listing", key)
		}
		if err := b.Delete(t.Context(), prefix+key); err != nil {
			t.Error(err)
		}
	}
}

// A listing has more pages than one.
func testMany(t *testing.T, b *blob.Bucket, prefix string) {
	var want []string
	var writers errgroup.Group
	writers.SetLimit(16)
	for i := range 1_100 {
		key := fmt.Sprintf("%s%04d", prefix, i)
		want = append(want, key)
		writers.Go(func() error { return b.Write(t.Context(), key, []byte("data"), nil) })
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, list(t, b, prefix, "")); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}
