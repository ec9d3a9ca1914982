// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const (
	// maxBody is the size in bytes of the largest webhook GitHub sends.
	maxBody = 25 << 20
	// readTimeout is GitHub's own limit for the whole exchange.
	readTimeout = 10 * time.Second
)

// refusal is an answer other than 200.
type refusal struct {
	code   int
	reason string // for the sender
	err    error  // for the log; may be nil
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.code, http.StatusText(r.code), r.reason)
}

// read checks the request and returns the delivery in it. The order of the checks
// and their codes are Prow's. On refusal the delivery holds what is known of it.
func (s *server) read(w http.ResponseWriter, r *http.Request) (inbox.Delivery, *refusal) {
	d := inbox.Delivery{Header: r.Header, ReceivedAt: time.Now()}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return d, &refusal{http.StatusMethodNotAllowed, "webhooks come by POST", nil}
	}
	d.Event = r.Header.Get("X-GitHub-Event")
	if !isEventName(d.Event) {
		d.Event = ""
		return d, &refusal{http.StatusBadRequest, "header X-GitHub-Event is missing or no name of an event", nil}
	}
	d.GUID = r.Header.Get("X-GitHub-Delivery")
	if d.GUID == "" {
		return d, &refusal{http.StatusBadRequest, "header X-GitHub-Delivery is missing", nil}
	}
	signature := r.Header.Get(webhook.SignatureHeader)
	if signature == "" {
		return d, &refusal{http.StatusForbidden, "header " + webhook.SignatureHeader + " is missing", nil}
	}
	if r.Header.Get("Content-Type") != "application/json" {
		return d, &refusal{http.StatusBadRequest, "Content-Type is not application/json", nil}
	}
	body, refused := readBody(w, r)
	if refused != nil {
		return d, refused
	}
	stale, err := s.secrets.Check(signature, body)
	if stale != nil {
		logging.FromContext(r.Context()).Errorw("tokens before stay in force", "error", stale)
	}
	if err != nil {
		return d, &refusal{http.StatusForbidden, err.Error(), nil}
	}
	d.Body = body
	return d, nil
}

// readBody reads as much memory as really arrives, whatever the sender announces.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{http.StatusRequestEntityTooLarge, "the body has more than 25 MiB", nil}
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	deadline := http.NewResponseController(w)
	// Not every ResponseWriter has deadlines, and their lack is no harm.
	_ = deadline.SetReadDeadline(time.Now().Add(readTimeout))
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), 64<<10)) + bytes.MinRead)
	_, err := io.Copy(&body, http.MaxBytesReader(w, r.Body, maxBody))
	_ = deadline.SetReadDeadline(time.Time{})
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &refusal{http.StatusInternalServerError, "the body could not be read", err}
	}
	return body.Bytes(), nil
}

// isEventName reports whether s can be one of GitHub's names, which no signature
// covers and which become part of event types and metrics.
func isEventName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
