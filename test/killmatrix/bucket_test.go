// SPDX-License-Identifier: Apache-2.0

package killmatrix

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/blob/blobtest"
)

// bucket is on a real server, behind a proxy that can keep writers waiting and
// sees every result that is stored.
type bucket struct {
	t     *testing.T
	store *blob.Bucket // without the proxy
	// url and credentials lead to the proxy.
	url, credentials string
	server           http.Handler

	mu     sync.Mutex
	gates  map[string]*gate    // by key
	seen   map[string][]stored // by job
	marker map[string]string   // the files, by job
}

// gate is where who writes an object has to wait, before or after it is stored.
type gate struct {
	after         bool
	reached, open chan struct{}
	once          sync.Once
}

// stored is a finished.json.
type stored struct {
	Passed bool
	Result string
	marker string // what the marker said when it was stored
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{t: t, gates: map[string]*gate{}, seen: map[string][]stored{}, marker: map[string]string{}}
	var direct blob.Credentials
	b.url, direct = blobtest.S3(t)
	store, err := blob.OpenWithCredentials(t.Context(), b.url, direct)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() }) // it was only read
	b.store = store

	text, err := os.ReadFile(direct.S3File)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: file["endpoint"].(string)})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // who is killed hangs up
	b.server = proxy
	front := httptest.NewServer(b)
	t.Cleanup(front.Close)
	file["endpoint"] = strings.TrimPrefix(front.URL, "http://")
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	b.credentials = filepath.Join(t.TempDir(), "s3.json")
	if err := os.WriteFile(b.credentials, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// hold makes who writes the object wait.
func (b *bucket) hold(key string, after bool) *gate {
	g := &gate{after: after, reached: make(chan struct{}), open: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gates[key] = g
	return g
}

// watch makes results remember what the marker said.
func (b *bucket) watch(job, marker string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marker[job] = marker
}

// results are all that were stored for the job, the first one first.
func (b *bucket) results(job string) []stored {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seen[job])
}

// ServeHTTP implements http.Handler.
func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // from now on we notice when the writer hangs up
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	key, _ := strings.CutPrefix(r.URL.Path, "/bucket/")
	b.mu.Lock()
	g := b.gates[key]
	b.mu.Unlock()
	if r.Method != http.MethodPut {
		g = nil
	}
	if g != nil && !g.after && !g.pass(r.Context()) {
		return
	}
	answer := httptest.NewRecorder()
	b.server.ServeHTTP(answer, r)
	if job, ok := strings.CutSuffix(key, "/1/finished.json"); ok && r.Method == http.MethodPut && answer.Code == http.StatusOK {
		b.look(strings.TrimPrefix(job, "logs/"), key)
	}
	if g != nil && g.after && !g.pass(r.Context()) {
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // who is killed hangs up
}

// pass waits until the gate is open, or the writer has gone.
func (g *gate) pass(ctx context.Context) bool {
	g.once.Do(func() { close(g.reached) })
	select {
	case <-g.open:
		return true
	case <-ctx.Done():
		return false
	}
}

// wait waits until somebody waits at the gate.
func (g *gate) wait(t *testing.T) {
	t.Helper()
	select {
	case <-g.reached:
	case <-time.After(60 * time.Second):
		t.Fatal("what is to be held up does not come")
	}
}

// look remembers the result that is stored now.
func (b *bucket) look(job, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s stored
	marker, err := os.ReadFile(b.marker[job])
	if err == nil || errors.Is(err, os.ErrNotExist) {
		var text []byte
		if text, err = b.store.Read(b.t.Context(), key); err == nil {
			err = json.Unmarshal(text, &s)
		}
	}
	if err != nil {
		b.t.Errorf("%s: %v", key, err)
	}
	s.marker = string(marker)
	b.seen[job] = append(b.seen[job], s)
}
