// SPDX-License-Identifier: Apache-2.0

package github

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// secondaryWait is what GitHub asks for when a secondary limit names no time.
const secondaryWait = time.Minute

// retryAt returns when a request refused by a rate limit may be sent again, and
// zero when no limit was hit.
//
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
func retryAt(r *http.Response) time.Time {
	if r.StatusCode != http.StatusForbidden && r.StatusCode != http.StatusTooManyRequests {
		return time.Time{}
	}
	if wait := retryAfter(r); wait > 0 {
		return time.Now().Add(wait)
	}
	if r.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(r.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return time.Unix(reset+1, 0)
		}
	}
	if r.StatusCode == http.StatusTooManyRequests || speaksOfSecondaryLimit(r) {
		return time.Now().Add(secondaryWait)
	}
	return time.Time{}
}

// retryAfter returns the time that the answer asks to wait and a second more, and
// zero when it asks for none.
func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds+1) * time.Second
}

// speaksOfSecondaryLimit looks into the body, which stays readable.
func speaksOfSecondaryLimit(r *http.Response) bool {
	if r.Body == nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	text := strings.ToLower(string(body))
	return strings.Contains(text, "secondary rate limit") || strings.Contains(text, "secondary-rate-limits") ||
		strings.Contains(text, "abuse detection")
}

// gates remember which limits are exhausted, so that one refused request keeps
// the others back: GitHub punishes those who go on.
type gates struct {
	mu    sync.Mutex
	opens map[string]time.Time
}

// opensAt returns when requests of the key may be sent, zero for now.
func (g *gates) opensAt(key string) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opens[key]
}

// close keeps requests of the key back until t.
func (g *gates) close(key string, t time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opens == nil {
		g.opens = map[string]time.Time{}
	}
	if t.After(g.opens[key]) {
		g.opens[key] = t
	}
}

// limitKey names the limit a request counts against: GitHub counts searches and
// queries apart, a token's requests together, and each installation of an app for
// itself.
func (r *retrier) limitKey(req *http.Request) string {
	category := "core"
	switch {
	case strings.HasPrefix(apiPath(req), "/search/"):
		category = "search"
	case strings.HasSuffix(req.URL.Path, "/graphql"):
		category = "graphql"
	}
	if !r.perOrg {
		return category
	}
	return category + " " + strings.ToLower(orgOf(req))
}
