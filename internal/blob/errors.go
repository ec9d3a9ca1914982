// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
)

var (
	// ErrNotFound is what errors are when there is no such object or bucket.
	ErrNotFound = errors.New("not found")
	// ErrExists is what errors are when an object that must not exist does.
	ErrExists = errors.New("exists already")
	// ErrDenied is what errors are when the bucket refuses who asks, be it for
	// credentials that have expired or for a permission that they lack.
	ErrDenied = errors.New("access denied")
)

// wrap says what was being done with which object, and makes err match ErrNotFound,
// ErrExists or ErrDenied where it means that. It returns nil for nil.
func (b *Bucket) wrap(err error, doing, key string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, coded(err))
}

func coded(err error) error {
	said := answerOf(err)
	code := gcerrors.Code(err)
	notFound := (code == gcerrors.NotFound && !said.busy) || slices.Contains([]string{"NoSuchBucket", "NoSuchKey", "NotFound"}, said.code)
	switch {
	case said.denied() && notFound: // Google does not tell the two apart
		return &codedError{ErrDenied.Error() + ": " + said.words, []error{ErrDenied, ErrNotFound, err}}
	case said.denied(), errors.Is(err, fs.ErrPermission):
		return &codedError{ErrDenied.Error() + ": " + cmp.Or(said.words, firstLine(err.Error())), []error{ErrDenied, err}}
	case notFound:
		return &codedError{ErrNotFound.Error(), []error{ErrNotFound, err}}
	case code == gcerrors.FailedPrecondition, code == gcerrors.AlreadyExists, said.code == "PreconditionFailed":
		return &codedError{ErrExists.Error(), []error{ErrExists, err}}
	case said.status != 0:
		return &codedError{fmt.Sprintf("status %d: %s", said.status, said.words), []error{err}}
	}
	return withoutQuery(err)
}

// codedError matches some codes and the provider's error, whose words can run to
// several lines and say no more.
type codedError struct {
	text string
	is   []error
}

func (e *codedError) Error() string   { return e.text }
func (e *codedError) Unwrap() []error { return e.is }

// answer is what a server said instead of doing what it was asked to.
type answer struct {
	status int // 0 when it said nothing
	code   string
	words  string
	header http.Header
	busy   bool
}

func answerOf(err error) answer {
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return answer{
			status: e.Code, words: firstLine(cmp.Or(e.Message, e.Body)), header: e.Header,
			busy: slices.ContainsFunc(e.Errors, func(i googleapi.ErrorItem) bool {
				return strings.HasSuffix(i.Reason, "LimitExceeded") // with status 403, once
			}),
		}
	}
	e, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok {
		return answer{}
	}
	a := answer{status: e.HTTPStatusCode(), words: e.Response.Status, header: e.Response.Header}
	var said interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &said) {
		a.code, a.words = said.ErrorCode(), said.ErrorCode()+": "+firstLine(said.ErrorMessage())
	}
	return a
}

// denied tells whether who asked was refused.
func (a answer) denied() bool {
	switch a.code {
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": // with status 400
		return true
	}
	return (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) && !a.busy
}

func firstLine(text string) string {
	const enough = 300
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line[:min(len(line), enough)]
}

// withoutQuery removes from err's words what follows "?" in the URL that was asked:
// it may be all that is needed to go on with an upload.
func withoutQuery(err error) error {
	asked, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	address, query, ok := strings.Cut(asked.URL, "?")
	if !ok || query == "" {
		return err
	}
	text := strings.ReplaceAll(err.Error(), strconv.Quote(asked.URL), strconv.Quote(address))
	return &codedError{strings.ReplaceAll(text, query, "…"), []error{err}}
}

// maxRetryAfter bounds for how long we leave a server alone that asks for it.
const maxRetryAfter = time.Minute

// RetryAfter returns for how long, at most a minute, the bucket asks to be left
// alone; 0 if err is not about that.
func RetryAfter(err error) time.Duration {
	seconds, err := strconv.Atoi(answerOf(err).header.Get("Retry-After"))
	if err != nil || seconds < 0 { // a date is possible, and nobody sends one
		return 0
	}
	return min(time.Duration(min(seconds, 1<<20))*time.Second, maxRetryAfter)
}
