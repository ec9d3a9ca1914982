// SPDX-License-Identifier: Apache-2.0

package github

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// maxBody bounds what is read of an answer; GitHub's largest blobs have 100 MB.
const maxBody = 128 << 20

// Retry says how often and how long to try again. Zero fields mean the defaults.
type Retry struct {
	// Attempts is how often a request is sent at most, 5 by default.
	Attempts int
	// Delay is waited before the second attempt and doubled for each further one; 2 s by default.
	Delay time.Duration
	// MaxWait is the longest rate limit that is waited for, 2 min by default; a
	// longer one is an error at once.
	MaxWait time.Duration
	// NotFound is how often a 404 is asked again about things that an event has
	// just told of, since GitHub's replicas lag; 2 by default, negative for never.
	NotFound int
}

// retrier waits out rate limits and repeats requests that failed, when that is
// safe. Answers are read whole, so that the time allowed covers their body too.
type retrier struct {
	next    http.RoundTripper
	retry   Retry
	timeout time.Duration
	// perOrg says that each org has limits of its own: those of its installation.
	perOrg bool
	gates  gates
}

func newRetrier(next http.RoundTripper, retry Retry, timeout time.Duration, perOrg bool) *retrier {
	retry.Attempts = cmp.Or(retry.Attempts, 5)
	retry.Delay = cmp.Or(retry.Delay, 2*time.Second)
	retry.MaxWait = cmp.Or(retry.MaxWait, 2*time.Minute)
	retry.NotFound = cmp.Or(retry.NotFound, 2)
	return &retrier{next: next, retry: retry, timeout: timeout, perOrg: perOrg}
}

// RoundTrip sends the request until it is answered for good.
func (r *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer func() { _ = req.Body.Close() }()
	}
	ctx := req.Context()
	for attempt := 1; ; attempt++ {
		if err := r.passGate(req); err != nil {
			return nil, err
		}
		resp, err := r.send(req)
		wait, again := r.decide(req, resp, err, attempt)
		if !again {
			return resp, err
		}
		if sleepErr := sleep(ctx, wait); sleepErr != nil {
			return nil, sleepErr
		}
	}
}

// passGate waits until no known limit forbids the request.
func (r *retrier) passGate(req *http.Request) error {
	opens := r.gates.opensAt(r.limitKey(req))
	wait := time.Until(opens)
	if wait <= 0 {
		return nil
	}
	if wait > r.retry.MaxWait {
		return &Error{
			Status: http.StatusTooManyRequests, Method: req.Method, Path: req.URL.Path,
			Message: "not sent, since the rate limit is exhausted", RetryAt: opens,
		}
	}
	return sleep(req.Context(), wait)
}

// send sends the request once and reads the whole answer.
func (r *retrier) send(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), r.timeout)
	defer cancel()
	attempt := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("rewinding the request's body: %w", err)
		}
		attempt.Body = body
	}
	resp, err := r.next.RoundTrip(attempt)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Request = req
	repeatVerbatim(resp)
	return resp, nil
}

// repeatVerbatim sees to it that a redirected write stays one, as GitHub wants it:
// net/http would make a GET of it, which succeeds and changes nothing.
func repeatVerbatim(resp *http.Response) {
	if m := resp.Request.Method; m == http.MethodGet || m == http.MethodHead {
		return
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently:
		resp.StatusCode = http.StatusPermanentRedirect
	case http.StatusFound:
		resp.StatusCode = http.StatusTemporaryRedirect
	}
}

var errTooLarge = errors.New("the answer is larger than 128 MiB")

// decide says whether to send the request again, and after which time.
func (r *retrier) decide(req *http.Request, resp *http.Response, err error, attempt int) (time.Duration, bool) {
	var limited time.Time
	if err == nil {
		limited = retryAt(resp)
	}
	if !limited.IsZero() { // others have to know, whatever becomes of this one
		r.gates.close(r.limitKey(req), limited)
	}
	if req.Context().Err() != nil || attempt >= r.retry.Attempts {
		return 0, false
	}
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return 0, false // it cannot be sent twice
	}
	backoff := r.retry.Delay << (attempt - 1)
	if err != nil {
		return backoff, mayRepeatAfter(req, err)
	}
	switch {
	case !limited.IsZero():
		wait := time.Until(limited)
		return wait, wait <= r.retry.MaxWait
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
		wait := max(backoff, retryAfter(resp))
		return wait, isIdempotent(req) && wait <= r.retry.MaxWait
	case resp.StatusCode == http.StatusNotFound:
		return backoff, isExpected(req) && attempt <= r.retry.NotFound
	}
	return 0, false
}

// mayRepeatAfter reports whether a request that failed with err may be sent
// again: it did no harm, or it never left.
func mayRepeatAfter(req *http.Request, err error) bool {
	var credentials *credentialError
	if errors.As(err, &credentials) {
		return !credentials.permanent
	}
	if errors.Is(err, errTooLarge) {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	return isIdempotent(req)
}

type contextKey int

const (
	keyIdempotent contextKey = iota
	keyExpected
	keyOrg
)

// idempotent marks requests that may be sent twice although they are POSTs.
func idempotent(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyIdempotent, true)
}

// expected marks requests for what an event has told us exists.
func expected(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyExpected, true)
}

func isIdempotent(req *http.Request) bool {
	return req.Method != http.MethodPost || req.Context().Value(keyIdempotent) != nil
}

func isExpected(req *http.Request) bool { return req.Context().Value(keyExpected) != nil }

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
