// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// Sender posts events to a sink. It is safe for concurrent use.
type Sender struct {
	sink      string
	transport http.RoundTripper
	attempts  int
	timeout   time.Duration
	backoff   time.Duration
}

// SenderOptions say how hard a Sender tries. The zero value is useful.
type SenderOptions struct {
	// Attempts is how often an event is posted at most; zero means 3.
	Attempts int
	// Timeout bounds each attempt; zero means 10 s.
	Timeout time.Duration
	// Backoff is the wait after the first attempt, doubled after each further one;
	// zero means 100 ms. A sink's Retry-After comes before it.
	Backoff time.Duration
	// Transport posts; nil means a new http.Transport.
	Transport http.RoundTripper
}

// NewSender returns a sender of events to the sink's URL (K_SINK).
func NewSender(sink string, o SenderOptions) (*Sender, error) {
	u, err := url.Parse(sink)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		// The URL itself is not repeated: it may hold a password.
		return nil, errors.New("the sink is not an http(s) URL")
	}
	transport := o.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32 // all events go to one host
		transport = t
	}
	return &Sender{
		sink:      sink,
		transport: transport,
		attempts:  cmp.Or(o.Attempts, 3),
		timeout:   cmp.Or(o.Timeout, 10*time.Second),
		backoff:   cmp.Or(o.Backoff, 100*time.Millisecond),
	}, nil
}

// Send posts the event and waits until the sink has taken it. What the sink refuses
// is a Permanent error; anything else may be tried again later. It gives up early
// when ctx would end before the next attempt.
func (s *Sender) Send(ctx context.Context, ev Event) error {
	wait := s.backoff
	for attempt := 1; ; attempt++ {
		retryAfter, err := s.post(ctx, ev)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("sending event %s: %w", ev.ID(), err)
		pause := max(wait, retryAfter)
		deadline, bounded := ctx.Deadline()
		if attempt == s.attempts || IsPermanent(err) || (bounded && time.Until(deadline) <= pause) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(err, ctx.Err())
		}
		wait *= 2
	}
}

// post sends the event once. On failure it returns how long the sink wants to be
// left alone.
func (s *Sender) post(ctx context.Context, ev Event) (retryAfter time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.sink, http.NoBody)
	if err != nil {
		return 0, Permanent(withoutURL(err))
	}
	if err := cehttp.WriteRequest(ctx, binding.ToMessage(&ev), request); err != nil {
		return 0, Permanent(err)
	}
	response, err := s.transport.RoundTrip(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	// The answer's words are of no use; reading them frees the connection.
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	_ = response.Body.Close()
	switch code := response.StatusCode; {
	case code/100 == 2:
		return 0, nil
	case code/100 == 5, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout,
		// Knative's ingress says so while a route is not ready.
		code == http.StatusNotFound, code == http.StatusConflict:
		return parseRetryAfter(response.Header.Get("Retry-After")), fmt.Errorf("sink answered %s", response.Status)
	default:
		return 0, Permanent(fmt.Errorf("sink answered %s", response.Status))
	}
}

// parseRetryAfter reads a Retry-After header, seconds or a date; 0 is none.
func parseRetryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// withoutURL drops the URL from an error of net/http: it may hold a password.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
