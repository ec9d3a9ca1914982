// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

func TestRefused(t *testing.T) {
	f := start(t)
	const body = `{"zen":"Mind your words, they are important."}`
	for _, tc := range []struct {
		name string
		edit func(r *http.Request)
		want int
	}{
		{"GET", func(r *http.Request) { r.Method = http.MethodGet; r.Body, r.ContentLength = http.NoBody, 0 }, 405},
		{"PUT without anything", func(r *http.Request) { r.Method = http.MethodPut; r.Header = http.Header{} }, 405},
		{"no headers at all", func(r *http.Request) { r.Header = http.Header{} }, 400},
		{"no event", func(r *http.Request) { r.Header.Del("X-GitHub-Event") }, 400},
		{"event that is no name", func(r *http.Request) { r.Header.Set("X-GitHub-Event", "push\x7f") }, 400},
		{"very long event", func(r *http.Request) { r.Header.Set("X-GitHub-Event", strings.Repeat("a", 65)) }, 400},
		{"no delivery", func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }, 400},
		{"delivery outside of the inbox", func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", "../../x") }, 400},
		{"unsigned", func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }, 403},
		{"unsigned, and no JSON", func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			r.Header.Set("Content-Type", "text/plain")
		}, 403},
		{"signed with SHA-1 only", func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			r.Header.Set("X-Hub-Signature", "sha1=0123456789012345678901234567890123456789")
		}, 403},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 400},
		{"form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 400},
		{"content type with parameter", func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 400},
		{"wrongly signed", func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", webhook.Sign([]byte(body), []byte("other")))
		}, 403},
		{"signature of another body", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", webhook.Sign(nil, []byte(token))) }, 403},
		{"signature without prefix", func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", strings.TrimPrefix(webhook.Sign([]byte(body), []byte(token)), "sha256="))
		}, 403},
		{"signature that is not hexadecimal", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256=xyz") }, 403},
		{"huge, as announced", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 25<<20+1)), 25<<20+1
		}, 413},
		{"huge, unannounced", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 25<<20+1)), -1
		}, 413},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := f.request(t, "ping", guid, body)
			tc.edit(r)
			status, text := f.serve(r)
			if status != tc.want || !strings.HasPrefix(text, http.StatusText(tc.want)) && !strings.Contains(text, ": ") {
				t.Errorf("got %d %q, want %d and a reason", status, text, tc.want)
			}
		})
	}
	if got := f.keys(t); len(got) > 0 {
		t.Errorf("bucket: got %v, want nothing", got)
	}
	if got := f.sink.taken(); len(got) > 0 {
		t.Errorf("events: got %v, want none", got)
	}
}

// serve is do without a connection, which lets a client send what net/http would not.
func (f *fixture) serve(r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	f.Config.Handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestTruncatedBody(t *testing.T) {
	f := start(t)
	r := f.request(t, "ping", guid, `{"zen":"Half measures are as bad as nothing at all."}`)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"zen":`), broken{}))
	if status, text := f.serve(r); status != http.StatusInternalServerError {
		t.Errorf("got %d %q, want 500", status, text)
	}
	if got := f.keys(t); len(got) > 0 {
		t.Errorf("bucket: got %v, want nothing", got)
	}
}

// broken is a connection that breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
