// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// pattern is content of which no two parts are the same.
func pattern(size int) []byte {
	data := make([]byte, 0, size+16)
	for i := 0; len(data) < size; i++ {
		data = fmt.Appendf(data, "%x,", i)
	}
	return data[:size]
}

// put writes data, in pieces, as an object of about that size.
func put(t *testing.T, b *blob.Bucket, key string, data []byte, size int64) {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key, &blob.WriteOptions{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n, err := w.Write(data[:min(len(data), 100_000)])
		if err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// sum is what the listing tells of the object.
func sum(t *testing.T, b *blob.Bucket, key string) blob.Sum {
	t.Helper()
	for o, err := range b.List(t.Context(), key, "") {
		if err != nil {
			t.Fatal(err)
		}
		return o.Sum
	}
	t.Fatalf("%s is not listed", key)
	return blob.Sum{}
}

// same tells whether the bytes have the sum.
func same(t *testing.T, s blob.Sum, data []byte) bool {
	t.Helper()
	check := s.Check()
	if n, err := io.Copy(check, bytes.NewReader(data)); err != nil || n != int64(len(data)) {
		t.Fatalf("checking %d bytes: got %d and error %v", len(data), n, err)
	}
	return check.Same()
}

// Objects come back whole, however they are sent, and whatever was said of their
// size; and what their sums say is true.
func testSizes(t *testing.T, b *blob.Bucket, prefix string) {
	const part, chunk, step = 5 << 20, 8 << 20, 256 << 10          // of S3 and GCS
	said := map[int][]int64{2 * part: {2 * part, 0, 1, 100 << 20}} // it may be unknown, or wrong
	for _, size := range []int{0, 1, step - 1, step, part - 1, part, part + 1, chunk - 1, chunk} {
		said[size] = []int64{max(1, int64(size))}
	}
	for size, said := range said {
		data := pattern(size)
		for _, said := range said {
			key := fmt.Sprintf("%s%d-%d", prefix, size, said)
			put(t, b, key, data, said)
			got, err := b.Read(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, data) {
				t.Errorf("%d bytes, said to be %d: got %d other bytes", size, said, len(got))
			}
			s := sum(t, b, key)
			if s.Known() == strings.HasPrefix(b.String(), "file:") {
				t.Errorf("%d bytes, said to be %d: sum known: got %t", size, said, s.Known())
			}
			if !s.Known() {
				continue
			}
			if !same(t, s, data) {
				t.Errorf("%d bytes, said to be %d: they do not have their own sum", size, said)
			}
			if same(t, s, append([]byte("x"), data...)) || (size > 0 && (same(t, s, data[1:]) || same(t, s, append([]byte("x"), data[1:]...)))) {
				t.Errorf("%d bytes, said to be %d: other bytes have their sum", size, said)
			}
		}
	}
}

// Not even what was sent in parts is seen before it is whole.
func testAbandonedLarge(t *testing.T, b *blob.Bucket, prefix string) {
	ctx, cancel := context.WithCancel(t.Context())
	w, err := b.NewWriter(ctx, prefix+"x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pattern(20 << 20)); err != nil {
		t.Fatal(err)
	}
	if got := list(t, b, prefix, ""); len(got) > 0 {
		t.Errorf("before the end: got %v, want nothing", got)
	}
	cancel()
	if err := w.Close(); err == nil {
		t.Error("closing an abandoned writer: got no error")
	}
	if got := list(t, b, prefix, ""); len(got) > 0 {
		t.Errorf("after the end: got %v, want nothing", got)
	}
}
