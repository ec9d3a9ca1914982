// SPDX-License-Identifier: Apache-2.0

package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
)

// servers are the kinds of buckets that are behind a network.
func servers(t *testing.T) map[string]func() (url string, c blob.Credentials) {
	return map[string]func() (string, blob.Credentials){
		"s3": func() (string, blob.Credentials) { return blobtest.S3(t) },
		"gs": func() (string, blob.Credentials) { return blobtest.GCS(t), blob.Credentials{} },
	}
}

// through opens the bucket behind faults.
func through(t *testing.T, url string, c blob.Credentials, plan func(blobtest.Request) blobtest.Fault) *blob.Bucket {
	t.Helper()
	url, c = blobtest.Between(t, url, c, plan)
	b, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// What a server says is known by its meaning; and nobody gets to know how to go on
// with an upload.
func TestErrors(t *testing.T) {
	const expired = `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`
	for kind, tc := range map[string]struct {
		server string
		fault  blobtest.Fault
		size   int
		is     []error
		after  time.Duration
		says   string
	}{
		"expired, s3":     {"s3", blobtest.Fault{Status: 400, Body: expired}, 1, []error{blob.ErrDenied}, 0, "access denied: ExpiredToken: The provided token has expired."},
		"refused, s3":     {"s3", blobtest.Fault{Status: 403, Body: "<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"}, 1, []error{blob.ErrDenied}, 0, "access denied: AccessDenied: No."},
		"no bucket, s3":   {"s3", blobtest.Fault{Status: 404, Body: "<Error><Code>NoSuchBucket</Code></Error>"}, 1, []error{blob.ErrNotFound}, 0, "not found"},
		"busy, s3":        {"s3", blobtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}}, 1, nil, 7 * time.Second, "429"},
		"down, s3":        {"s3", blobtest.Fault{Status: 501}, 1, nil, 0, "501"},
		"expired, gs":     {"gs", blobtest.Fault{Status: 401, Body: `{"error":{"message":"Invalid Credentials"}}`}, 1, []error{blob.ErrDenied}, 0, "access denied: Invalid Credentials"},
		"refused, gs":     {"gs", blobtest.Fault{Status: 403, Body: `{"error":{"message":"No.\nNo!"}}`}, 1, []error{blob.ErrDenied, blob.ErrNotFound}, 0, "access denied: No."},
		"asked often, gs": {"gs", blobtest.Fault{Status: 403, Body: `{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}`}, 1, nil, 0, "403"},
		"no bucket, gs":   {"gs", blobtest.Fault{Status: 404}, 1, []error{blob.ErrNotFound}, 0, "not found"},
		"busy, gs":        {"gs", blobtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "86400"}}, 1, nil, time.Minute, "429"},
		"forgotten, gs":   {"gs", blobtest.Fault{Status: 404}, 9 << 20, nil, 0, "the upload was forgotten"},
		"broken off, gs":  {"gs", blobtest.Fault{Cut: 1}, 1, nil, 0, "/upload/storage/v1/b/bucket/o\""},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			url, c := servers(t)[tc.server]()
			b := through(t, url, c, func(r blobtest.Request) blobtest.Fault {
				if r.Writes == "" || (tc.size > 1 && !r.URL.Query().Has("upload_id")) {
					return blobtest.Fault{}
				}
				return tc.fault
			})
			err := b.Write(t.Context(), "folder/x", bytes.Repeat([]byte("x"), tc.size), nil)
			for _, is := range []error{blob.ErrNotFound, blob.ErrExists, blob.ErrDenied} {
				if got, want := errors.Is(err, is), slices.Contains(tc.is, is); got != want {
					t.Errorf("%v: is %q: got %t, want %t", err, is, got, want)
				}
			}
			if got := blob.RetryAfter(err); got != tc.after {
				t.Errorf("%v: retry after: got %v, want %v", err, got, tc.after)
			}
			if text := fmt.Sprint(err); !strings.Contains(text, tc.says) || strings.Contains(text, "upload_id") || strings.Contains(text, "\n") {
				t.Errorf("got %q, want one line with %q and no way to go on", text, tc.says)
			}
		})
	}
}

// A real server that does not know the key says so, and so do we.
func TestWrongKey(t *testing.T) {
	url, c := blobtest.S3(t)
	text, err := os.ReadFile(c.S3File)
	if err != nil {
		t.Fatal(err)
	}
	c.S3File = filepath.Join(t.TempDir(), "s3.json")
	if err := os.WriteFile(c.S3File, []byte(strings.Replace(string(text), `"secret"`, `"SESAME"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.OpenWithCredentials(t.Context(), url, c)
	if err != nil {
		t.Fatal(err)
	}
	err = b.Write(t.Context(), "x", nil, nil)
	if !errors.Is(err, blob.ErrDenied) || strings.Contains(err.Error(), "SESAME") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that is %v without the secret", err, blob.ErrDenied)
	}
}

// What breaks in the middle of an object is mended by sending that part again, and
// what is abandoned leaves nothing in the bucket.
func TestParts(t *testing.T) {
	for name, open := range servers(t) {
		t.Run(name, func(t *testing.T) {
			url, c := open()
			var requests, aborts atomic.Int64
			b := through(t, url, c, func(r blobtest.Request) blobtest.Fault {
				if r.Method == http.MethodDelete {
					aborts.Add(1)
				}
				if r.Writes == "" {
					return blobtest.Fault{}
				}
				switch requests.Add(1) {
				case 2:
					return blobtest.Fault{Status: 503}
				case 4:
					return blobtest.Fault{Cut: 1 << 20}
				}
				return blobtest.Fault{}
			})
			data := pattern(30 << 20)
			put(t, b, "x", data, int64(len(data)))
			if got, err := b.Read(t.Context(), "x"); err != nil || !bytes.Equal(got, data) {
				t.Errorf("got %d other bytes and error %v", len(got), err)
			}
			testAbandonedLarge(t, b, "y")
			if name == "s3" && aborts.Load() == 0 {
				t.Error("parts were not removed")
			}
		})
	}
}
