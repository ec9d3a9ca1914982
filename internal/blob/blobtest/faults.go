// SPDX-License-Identifier: Apache-2.0

package blobtest

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Fault is what happens to a request on its way to a bucket's server. The zero Fault
// lets it pass.
type Fault struct {
	// Status is an answer with which the server is not asked; Header and Body belong to it.
	Status int
	Header map[string]string
	Body   string
	// Cut resets the connection when that many bytes of the request's body have passed.
	Cut int64
	// Lose resets the connection instead of answering what the server did.
	Lose bool
	// Slow is a pause before each piece of the request's body.
	Slow time.Duration
}

// Request is a request as a test sees it, whatever the kind of bucket.
type Request struct {
	*http.Request
	// Writes is the key of the object that the request writes, or a part of; empty
	// for other requests.
	Writes string
}

// Between puts something unreliable between clients and the server of the bucket
// that S3 or GCS made: plan says what happens to each request. It returns the URL
// and credentials of clients that shall suffer.
func Between(tb testing.TB, bucket string, c blob.Credentials, plan func(Request) Fault) (string, blob.Credentials) {
	tb.Helper()
	kind, server := serverOf(tb, bucket, c)
	proxy := httptest.NewServer(&faults{server: server, signed: kind == "s3", plan: plan})
	tb.Cleanup(proxy.Close)
	address := strings.TrimPrefix(proxy.URL, "http://")
	if kind == "gs" {
		return strings.ReplaceAll(bucket, server, address), c
	}
	text, err := os.ReadFile(c.S3File)
	if err != nil {
		tb.Fatal(err)
	}
	c.S3File = filepath.Join(tb.TempDir(), "s3.json")
	if err := os.WriteFile(c.S3File, []byte(strings.ReplaceAll(string(text), server, address)), 0o600); err != nil {
		tb.Fatal(err)
	}
	return bucket, c
}

// serverOf returns the address of the bucket's server.
func serverOf(tb testing.TB, bucket string, c blob.Credentials) (kind, address string) {
	tb.Helper()
	parsed, err := url.Parse(bucket)
	if err != nil {
		tb.Fatal(err)
	}
	if parsed.Scheme == "gs" {
		return "gs", strings.TrimPrefix(parsed.Query().Get("endpoint"), "http://")
	}
	text, err := os.ReadFile(c.S3File)
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Endpoint string }
	if err := json.Unmarshal(text, &file); err != nil {
		tb.Fatal(err)
	}
	return "s3", file.Endpoint
}

// faults is the proxy.
type faults struct {
	server string
	signed bool // by clients, and so is the host that they ask for
	plan   func(Request) Fault
}

// ServeHTTP implements http.Handler.
func (f *faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := f.plan(Request{r, writes(r)})
	r.Body = &body{ReadCloser: r.Body, fault: fault}
	if fault.Status != 0 {
		_, _ = io.Copy(io.Discard, r.Body) // as servers do, for short ones
		for name, value := range fault.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body) // the client may have gone
		return
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", f.server, f.server
			if f.signed {
				p.Out.Host = r.Host
			}
		},
		ModifyResponse: func(response *http.Response) error {
			if fault.Lose {
				return errors.New("lost")
			}
			if to := response.Header.Get("Location"); to != "" { // of an upload
				response.Header.Set("Location", strings.Replace(to, f.server, r.Host, 1))
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { reset(w) },
		Transport:    &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	}
	proxy.ServeHTTP(w, r)
}

// writes returns the key of the object that the request writes.
func writes(r *http.Request) string {
	if _, below, ok := strings.Cut(r.URL.Path, "/upload/storage/v1/b/"+bucketName+"/o"); ok {
		return r.URL.Query().Get("name") + below
	}
	if key, ok := strings.CutPrefix(r.URL.Path, "/"+bucketName+"/"); ok && (r.Method == http.MethodPut || r.Method == http.MethodPost) {
		return key
	}
	return ""
}

// reset ends the connection as a broken network does.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it ends in order
	}
	_ = connection.Close() // it is broken on purpose
}

// body is a request's body on a bad way.
type body struct {
	io.ReadCloser
	fault  Fault
	passed int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.fault.Slow > 0 {
		pause := time.NewTimer(b.fault.Slow)
		<-pause.C
	}
	if b.fault.Cut > 0 {
		if b.passed >= b.fault.Cut {
			return 0, errors.New("cut")
		}
		p = p[:min(int64(len(p)), b.fault.Cut-b.passed)]
	}
	n, err := b.ReadCloser.Read(p)
	b.passed += int64(n)
	return n, err
}
