// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// The URL of an upload is all that is needed to write on in somebody's place.
func TestWithoutQuery(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"http://host/o?upload_id=SESAME", `after 3 attempts: Post "http://host/o": connection reset by peer`},
		{"http://host/ö?upload_id=SESAME", `after 3 attempts: Post "http://host/ö": connection reset by peer`},
		{"http://host/\n?upload_id=SESAME", `after 3 attempts: Post "http://host/\n": connection reset by peer`},
		{"http://host/o?", `after 3 attempts: Post "http://host/o?": connection reset by peer`},
		{"http://host/o", `after 3 attempts: Post "http://host/o": connection reset by peer`},
	} {
		err := fmt.Errorf("after 3 attempts: %w", &url.Error{Op: "Post", URL: tc.url, Err: syscall.ECONNRESET})
		got := withoutQuery(err)
		if got.Error() != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
		if !errors.Is(got, syscall.ECONNRESET) {
			t.Errorf("%v does not match %v any more", got, syscall.ECONNRESET)
		}
	}
	quoted := fmt.Errorf("it said upload_id=SESAME, after: %w", &url.Error{Op: "Post", URL: "http://host/o?upload_id=SESAME", Err: syscall.ECONNRESET})
	if got, want := withoutQuery(quoted).Error(), `it said …, after: Post "http://host/o": connection reset by peer`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// S3 takes at most 10,000 parts of at least 5 MiB, and Google multiples of 256 KiB.
func TestPortions(t *testing.T) {
	const mib, gib, tib = 1 << 20, 1 << 30, 1 << 40
	for _, tc := range []struct{ size, part, chunk int64 }{
		{0, 5 * mib, 8 * mib},
		{1, 5 * mib, mib / 4},
		{mib/4 - 1, 5 * mib, mib / 4},
		{mib / 4, 5 * mib, mib / 2},
		{8*mib - 1, 5 * mib, 8 * mib},
		{8 * mib, 5 * mib, 8 * mib},
		{20 * gib, 5 * mib, 8 * mib},
		{43 * gib, 5 * mib, 8 * mib},
		{tib, 117 * mib, 8 * mib},
		{5 * tib, 583 * mib, 8 * mib},
	} {
		if got := partSize(tc.size); got != tc.part {
			t.Errorf("part of %d bytes: got %d, want %d", tc.size, got, tc.part)
		}
		if parts := tc.size/partSize(tc.size) + 1; parts > maxParts {
			t.Errorf("%d bytes: got %d parts", tc.size, parts)
		}
		if got := chunkSize(tc.size); got != tc.chunk {
			t.Errorf("chunk of %d bytes: got %d, want %d", tc.size, got, tc.chunk)
		}
	}
}

// The AWS SDK, too, waits for as long as a server asks for.
func TestPatient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	bucket, err := Open(t.Context(), "s3://bucket?use_path_style=true&endpoint="+server.URL)
	if err != nil {
		t.Fatal(err)
	}
	asked := bucket.Write(t.Context(), "x", nil, nil)
	p := patient{retry.NewStandard()}
	if got, err := p.RetryDelay(1, asked); got != 7*time.Second || err != nil {
		t.Errorf("after Retry-After: got %v and error %v, want 7s", got, err)
	}
	if got, err := p.RetryDelay(1, syscall.ECONNRESET); got >= 7*time.Second || err != nil {
		t.Errorf("after another error: got %v and error %v, want less", got, err)
	}
}
