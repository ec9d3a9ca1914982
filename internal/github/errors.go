// SPDX-License-Identifier: Apache-2.0

package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v88/github"
)

// Error is GitHub's refusal of a request.
type Error struct {
	Status       int    // of HTTP
	Method, Path string // without query
	Message      string
	Errors       []Detail
	// RetryAt is when a rate limit ends, and zero when none was hit.
	RetryAt time.Time
}

// Detail is one reason of a refusal.
type Detail struct{ Resource, Field, Code, Message string }

// Error returns GitHub's words, and never a query or credentials.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s", e.Method, e.Path, e.Status, e.Message)
	for _, d := range e.Errors {
		fmt.Fprintf(&b, "; %s", strings.Join(strings.Fields(strings.Join([]string{d.Resource, d.Field, d.Code, d.Message}, " ")), " "))
	}
	if !e.RetryAt.IsZero() {
		fmt.Fprintf(&b, " (rate limited until %s)", e.RetryAt.UTC().Format(time.RFC3339))
	}
	return b.String()
}

// says reports whether GitHub's words contain the text.
func (e *Error) says(text string) bool {
	if strings.Contains(e.Message, text) {
		return true
	}
	for _, d := range e.Errors {
		if strings.Contains(d.Message, text) {
			return true
		}
	}
	return false
}

// is reports whether err is an *Error for which f holds.
func is(err error, f func(*Error) bool) bool {
	var e *Error
	return errors.As(err, &e) && f(e)
}

// IsNotFound reports whether GitHub answered 404: there is no such thing, or we
// may not see it.
func IsNotFound(err error) bool {
	return is(err, func(e *Error) bool { return e.Status == http.StatusNotFound })
}

// IsForbidden reports whether we may not do that, rate limits aside.
func IsForbidden(err error) bool {
	return is(err, func(e *Error) bool { return e.Status == http.StatusForbidden && e.RetryAt.IsZero() })
}

// IsUnauthorized reports whether GitHub does not accept our credentials.
func IsUnauthorized(err error) bool {
	return is(err, func(e *Error) bool { return e.Status == http.StatusUnauthorized })
}

// IsRateLimited reports whether a rate limit was hit that is too long to wait for.
func IsRateLimited(err error) bool {
	return is(err, func(e *Error) bool { return !e.RetryAt.IsZero() })
}

// IsInvalid reports whether GitHub understood the request and rejects it (422).
func IsInvalid(err error) bool {
	return is(err, func(e *Error) bool { return e.Status == http.StatusUnprocessableEntity })
}

// IsTooManyStatuses reports whether the commit has no room for another status of
// the context (GitHub keeps 1,000).
func IsTooManyStatuses(err error) bool {
	return is(err, func(e *Error) bool {
		return e.Status == http.StatusUnprocessableEntity &&
			e.says("This SHA and context has reached the maximum number of statuses")
	})
}

// IsNoCommit reports whether GitHub knows no commit of that SHA.
func IsNoCommit(err error) bool {
	return is(err, func(e *Error) bool {
		return e.Status == http.StatusUnprocessableEntity && e.says("No commit found for SHA")
	})
}

// wrap turns what go-github returned into our types and says what was being done.
// It returns nil for nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, convertError(err))...)
}

// convertError returns an *Error for everything GitHub answered, and any other
// error without URLs that may hold secrets.
func convertError(err error) error {
	var response *gogithub.ErrorResponse
	var primary *gogithub.RateLimitError
	var secondary *gogithub.AbuseRateLimitError
	var redirected *gogithub.RedirectionError
	switch {
	case errors.As(err, &primary):
		return newError(primary.Response, primary.Message, nil)
	case errors.As(err, &secondary):
		return newError(secondary.Response, secondary.Message, nil)
	case errors.As(err, &response):
		return newError(response.Response, response.Message, response.Errors)
	case errors.As(err, &redirected):
		return newError(redirected.Response, "redirected", nil)
	}
	return redact(err)
}

func newError(r *http.Response, message string, details []gogithub.Error) *Error {
	e := &Error{Message: message}
	if r != nil {
		e.Status = r.StatusCode
		e.RetryAt = retryAt(r)
		if r.Request != nil {
			e.Method, e.Path = r.Request.Method, r.Request.URL.Path
		}
	}
	for _, d := range details {
		e.Errors = append(e.Errors, Detail{Resource: d.Resource, Field: d.Field, Code: d.Code, Message: d.Message})
	}
	return e
}
