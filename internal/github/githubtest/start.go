// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"net/http/httptest"
	"sync"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest/openapi"
)

// TB is what Start needs of a *testing.T.
type TB interface {
	Helper()
	TempDir() string
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// validator reads GitHub's descriptions once for all tests of a process.
var validator = sync.OnceValues(func() (*openapi.Validator, error) { return openapi.New() }) //nolint:gochecknoglobals // read only

// Start serves a GitHub on this machine until the test ends. Whatever differs
// from GitHub's own description fails the test; Options fields that are set stay.
func Start(tb TB, o Options) *Server {
	tb.Helper()
	if o.Dir == "" {
		o.Dir = tb.TempDir()
	}
	if o.Validator == nil {
		v, err := validator()
		if err != nil {
			tb.Fatalf("githubtest: %v", err)
		}
		o.Validator = v
	}
	if o.OnInvalid == nil {
		o.OnInvalid = func(err error) { tb.Errorf("githubtest: not as GitHub: %v", err) }
	}
	s, err := New(o)
	if err != nil {
		tb.Fatalf("githubtest: %v", err)
	}
	web := httptest.NewServer(s)
	s.SetURL(web.URL)
	tb.Cleanup(func() {
		web.Close()
		s.Close()
	})
	return s
}
