// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
)

// kinds opens a new, empty bucket of each kind.
func kinds(t *testing.T) map[string]func(t *testing.T) *blob.Bucket {
	open := func(t *testing.T, url string, c blob.Credentials) *blob.Bucket {
		t.Helper()
		b, err := blob.OpenWithCredentials(t.Context(), url, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		return b
	}
	return map[string]func(t *testing.T) *blob.Bucket{
		"mem":  func(t *testing.T) *blob.Bucket { return open(t, "mem://", blob.Credentials{}) },
		"file": func(t *testing.T) *blob.Bucket { return open(t, "file://"+t.TempDir(), blob.Credentials{}) },
		"s3": func(t *testing.T) *blob.Bucket {
			url, c := blobtest.S3(t)
			return open(t, url, c)
		},
		"s3, in a folder": func(t *testing.T) *blob.Bucket {
			url, c := blobtest.S3(t)
			return open(t, url+"/some/folder", c)
		},
		"s3, with the checksums for Amazon": func(t *testing.T) *blob.Bucket {
			url, c := blobtest.S3(t)
			setEnvironment(t, c)
			return open(t, url+"?use_path_style=true", blob.Credentials{})
		},
		"gs": func(t *testing.T) *blob.Bucket { return open(t, blobtest.GCS(t), blob.Credentials{}) },
	}
}

// setEnvironment gives the AWS SDK by its own variables what the file says.
func setEnvironment(t *testing.T, c blob.Credentials) {
	t.Helper()
	data, err := os.ReadFile(c.S3File)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Region, Endpoint string
		AccessKey        string `json:"access_key"`
		SecretKey        string `json:"secret_key"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_REGION", file.Region)
	t.Setenv("AWS_ENDPOINT_URL", "http://"+file.Endpoint)
	t.Setenv("AWS_ACCESS_KEY_ID", file.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", file.SecretKey)
}

// promises are what every kind of bucket keeps. Each works below a prefix of its own.
var promises = map[string]func(t *testing.T, b *blob.Bucket, prefix string){
	"write and read":        testWriteAndRead,
	"overwrite":             testOverwrite,
	"create":                testCreate,
	"one creator wins":      testOneCreatorWins,
	"abandoned write":       testAbandonedWrite,
	"ranges":                testRanges,
	"not found":             testNotFound,
	"attributes":            testAttributes,
	"content types":         testContentTypes,
	"no decompression":      testNoDecompression,
	"list":                  testList,
	"list after the change": testListSeesChanges,
	"odd keys":              testOddKeys,
	"many":                  testMany,
	"large":                 testLarge,
	"sizes":                 testSizes,
	"abandoned large write": testAbandonedLarge,
}

func TestConformance(t *testing.T) {
	for kind, open := range kinds(t) {
		t.Run(kind, func(t *testing.T) {
			b := open(t)
			for name, promise := range promises {
				t.Run(name, func(t *testing.T) {
					promise(t, b, strings.ReplaceAll(name, " ", "-")+"/")
				})
			}
		})
	}
}

func write(t *testing.T, b *blob.Bucket, key, data string) {
	t.Helper()
	if err := b.Write(t.Context(), key, []byte(data), nil); err != nil {
		t.Fatal(err)
	}
}

func wantObject(t *testing.T, b *blob.Bucket, key, want string) {
	t.Helper()
	got, err := b.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", key, diff)
	}
}

func testWriteAndRead(t *testing.T, b *blob.Bucket, prefix string) {
	for _, data := range []string{"", "a", "two\nlines\x00\xff"} {
		write(t, b, prefix+"x", data)
		wantObject(t, b, prefix+"x", data)
	}
	if ok, err := b.Exists(t.Context(), prefix+"x"); !ok || err != nil {
		t.Errorf("exists: got %t, %v; want true", ok, err)
	}
	if err := b.Delete(t.Context(), prefix+"x"); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Exists(t.Context(), prefix+"x"); ok || err != nil {
		t.Errorf("exists after deletion: got %t, %v; want false", ok, err)
	}
}

func testOverwrite(t *testing.T, b *blob.Bucket, prefix string) {
	err := b.Write(t.Context(), prefix+"x", []byte("long before"), &blob.WriteOptions{ContentEncoding: "gzip"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, b, prefix+"x", "short")
	wantObject(t, b, prefix+"x", "short")
	a, err := b.Attributes(t.Context(), prefix+"x")
	if err != nil {
		t.Fatal(err)
	}
	if a.ContentEncoding != "" {
		t.Errorf("content encoding: got %q, that of the object before", a.ContentEncoding)
	}
}

func testCreate(t *testing.T, b *blob.Bucket, prefix string) {
	for _, data := range []string{"", "first"} {
		key := prefix + "of-" + data
		if err := b.Create(t.Context(), key, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if err := b.Create(t.Context(), key, []byte("second")); !errors.Is(err, blob.ErrExists) {
			t.Errorf("creating %s again: got %v, want %v", key, err, blob.ErrExists)
		}
		wantObject(t, b, key, data)
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if err := b.Create(t.Context(), key, []byte("third")); err != nil {
			t.Errorf("creating %s after deletion: %v", key, err)
		}
	}
}

func testOneCreatorWins(t *testing.T, b *blob.Bucket, prefix string) {
	const creators = 16
	for round := range 5 {
		key := fmt.Sprintf("%s%d", prefix, round)
		errs := make([]error, creators)
		var wg sync.WaitGroup
		for i := range creators {
			wg.Go(func() { errs[i] = b.Create(t.Context(), key, fmt.Appendf(nil, "creator %d", i)) })
		}
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Errorf("creators %d and %d both succeeded", winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, blob.ErrExists):
				t.Errorf("creator %d: got %v, want %v", i, err, blob.ErrExists)
			}
		}
		wantObject(t, b, key, fmt.Sprintf("creator %d", winner))
	}
}

func testAbandonedWrite(t *testing.T, b *blob.Bucket, prefix string) {
	ctx, cancel := context.WithCancel(t.Context())
	w, err := b.NewWriter(ctx, prefix+"x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := w.Close(); err == nil {
		t.Error("closing an abandoned writer: got no error")
	}
	if ok, err := b.Exists(t.Context(), prefix+"x"); ok || err != nil {
		t.Errorf("exists: got %t, %v; want false", ok, err)
	}
}

func testRanges(t *testing.T, b *blob.Bucket, prefix string) {
	write(t, b, prefix+"x", "0123456789")
	for _, tc := range []struct {
		offset, length int64
		want           string
	}{
		{0, -1, "0123456789"},
		{3, -1, "3456789"},
		{3, 4, "3456"},
		{8, 10, "89"},
		{0, 0, ""},
	} {
		r, err := b.NewRangeReader(t.Context(), prefix+"x", tc.offset, tc.length)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		if string(got) != tc.want {
			t.Errorf("%d bytes from %d: got %q, want %q", tc.length, tc.offset, got, tc.want)
		}
		if r.Size() != 10 {
			t.Errorf("size: got %d, want 10", r.Size())
		}
	}
}

func testNotFound(t *testing.T, b *blob.Bucket, prefix string) {
	write(t, b, prefix+"folder/x", "")
	for _, key := range []string{"missing", "folder", "folder/x/y"} {
		key = prefix + key
		_, err := b.Read(t.Context(), key)
		_, err2 := b.Attributes(t.Context(), key)
		for doing, err := range map[string]error{"read": err, "attributes": err2, "delete": b.Delete(t.Context(), key)} {
			if !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%s %s: got %v, want %v", doing, key, err, blob.ErrNotFound)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), key)) {
				t.Errorf("%s: got message %q, want one line with the key", doing, err)
			}
		}
		if ok, err := b.Exists(t.Context(), key); ok || err != nil {
			t.Errorf("exists %s: got %t, %v; want false", key, ok, err)
		}
	}
}

func testAttributes(t *testing.T, b *blob.Bucket, prefix string) {
	before := time.Now().Add(-2 * time.Second) // some servers keep whole seconds
	err := b.Write(t.Context(), prefix+"x", []byte("data"), &blob.WriteOptions{
		ContentType:     "application/x-test",
		ContentEncoding: "gzip",
		CacheControl:    "no-cache",
		Metadata:        map[string]string{"key": "välue", "other": "a b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Attributes(t.Context(), prefix+"x")
	if err != nil {
		t.Fatal(err)
	}
	if got.ModTime.Before(before) || got.ModTime.After(time.Now().Add(2*time.Second)) {
		t.Errorf("time: got %v, want now", got.ModTime)
	}
	got.ModTime = time.Time{}
	want := blob.Attributes{
		ContentType:     "application/x-test",
		ContentEncoding: "gzip",
		CacheControl:    "no-cache",
		Metadata:        map[string]string{"key": "välue", "other": "a b"},
		Size:            4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}

func testContentTypes(t *testing.T, b *blob.Bucket, prefix string) {
	for _, tc := range []struct{ key, given, data, want string }{
		{"build-log.txt", "", "text", "text/plain; charset=utf-8"},
		{"started.json", "", "{}", "application/json"},
		{"started.json", "text/plain", "{}", "text/plain"},
		{"request", "", "text", "text/plain; charset=utf-8"},
		{"request", "", "\x00\x01", "application/octet-stream"},
		{"request", "application/json", "{}", "application/json"},
	} {
		err := b.Write(t.Context(), prefix+tc.key, []byte(tc.data), &blob.WriteOptions{ContentType: tc.given})
		if err != nil {
			t.Fatal(err)
		}
		a, err := b.Attributes(t.Context(), prefix+tc.key)
		if err != nil {
			t.Fatal(err)
		}
		if a.ContentType != tc.want {
			t.Errorf("content type of %s, given %q: got %q, want %q", tc.key, tc.given, a.ContentType, tc.want)
		}
	}
}

func testNoDecompression(t *testing.T, b *blob.Bucket, prefix string) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(strings.Repeat("text ", 100)))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	err = b.Write(t.Context(), prefix+"x.txt", zipped.Bytes(), &blob.WriteOptions{ContentEncoding: "gzip"})
	if err != nil {
		t.Fatal(err)
	}
	wantObject(t, b, prefix+"x.txt", zipped.String())
}

func testLarge(t *testing.T, b *blob.Bucket, prefix string) {
	const size = 20 << 20 // more than one part of a multipart upload
	w, err := b.NewWriter(t.Context(), prefix+"x", &blob.WriteOptions{IfNotExist: true})
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	for range size / len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := b.Read(t.Context(), prefix+"x")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != size || !bytes.Equal(got[size-len(chunk):], chunk) {
		t.Errorf("got %d bytes, want the same %d", len(got), size)
	}
	if err := b.Create(t.Context(), prefix+"x", nil); !errors.Is(err, blob.ErrExists) {
		t.Errorf("creating again: got %v, want %v", err, blob.ErrExists)
	}
}
