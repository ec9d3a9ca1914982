// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
)

// GitHub's hiccups do not fail a job, and its wish for a pause is heard; what it
// refuses is not asked for again.
func TestGitHubAppRetries(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []int
		after   string
		waits   string
		fails   bool
	}{
		{name: "bad gateway", answers: []int{502, 200}, waits: "[1s]"},
		{name: "rate limit", answers: []int{403, 429, 200}, after: "5", waits: "[5s 5s]"},
		{name: "limit for an hour", answers: []int{403}, after: "3600", waits: "[]", fails: true},
		{name: "not installed", answers: []int{404}, waits: "[]", fails: true},
		{name: "always down", answers: []int{503, 503, 503, 503, 503}, waits: "[1s 2s 4s 8s]", fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := newSource(t)
			asked := 0
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/app" {
					asked++
					w.Header().Set("Retry-After", test.after)
					w.WriteHeader(test.answers[min(asked, len(test.answers))-1])
				}
				_, _ = w.Write([]byte(`{"slug":"ci-app","id":42,"token":"` + token + `"}`))
			}))
			t.Cleanup(api.Close)
			o := newOptions(t, refsOf(source))
			o.Fail, o.GitHubAppID, o.GitHubAppPrivateKeyFile = true, "7", filepath.Join(source, "key.pem")
			o.GitHubAPIEndpoints = []string{api.URL}
			writeKey(t, o.GitHubAppPrivateKeyFile)
			var waits []time.Duration
			sleep := func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			err := clonerefs.Run(t.Context(), o, sleep, slog.New(slog.DiscardHandler))
			if (err != nil) != test.fails {
				t.Errorf("error is %v, want one: %t", err, test.fails)
			}
			if got := fmt.Sprint(waits); got != test.waits || asked != len(test.answers) {
				t.Errorf("%d requests with waits %s, want %d with %s", asked, got, len(test.answers), test.waits)
			}
		})
	}
}
