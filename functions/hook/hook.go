// SPDX-License-Identifier: Apache-2.0

// Package hook receives GitHub's webhooks: it checks the signature, stores the
// request in the inbox, answers, and has the broker tell everybody else.
//
// Starts on: POST /hook from GitHub; POST /sweep, every five minutes, which sends
// unfinished deliveries again and has GitHub deliver again what did not arrive;
// POST /dead-letter, with what the broker gave up. Changes: the inbox in the bucket,
// sends events to its sink, and asks GitHub for redeliveries. Config: none, but the
// environment. In Prow: the program "hook", of which
// this is the front door; its plugins are functions/plugins.
package hook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// thanks is the body of every 200, as Prow's.
const thanks = "Event received. Have a nice day."

const (
	// answerTimeout leaves some of GitHub's 10 s for the way here.
	answerTimeout = 9 * time.Second
	// storeTimeout leaves some for sending.
	storeTimeout = 6 * time.Second
)

// server is the function.
type server struct {
	secrets     *webhook.Secrets
	inbox       *inbox.Inbox
	sender      sender
	sendTimeout time.Duration
	metrics     *metrics
	sweeper     sweeper
	finder      *finder // nil where nobody asks GitHub
}

// New returns the function's handler.
func New(ctx context.Context, env function.Lookup) (http.Handler, error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	if !isPath(e.WebhookPath) {
		return nil, fmt.Errorf("WEBHOOK_PATH: %q is no path, or taken", e.WebhookPath)
	}
	secrets, err := webhook.OpenSecrets(e.HMACSecretFile)
	if err != nil {
		return nil, err
	}
	sender, err := newSender(e.Sink)
	if err != nil {
		return nil, err
	}
	bucket, err := blob.OpenWithCredentials(ctx, e.Bucket, e.Credentials)
	if err != nil {
		return nil, err
	}
	s := &server{
		secrets:     secrets,
		inbox:       inbox.New(bucket),
		sender:      sender,
		sendTimeout: e.SendTimeout,
		metrics:     newMetrics(function.Registerer(ctx)),
	}
	if s.finder, err = newFinder(ctx, e, s.inbox, s.metrics); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	// For who looks whether hook is up. A webhook that is sent here is refused, so that GitHub shows it.
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc(e.WebhookPath, s.serveWebhook)
	mux.HandleFunc("POST "+sweepPath, s.serveSweep)
	mux.Handle("POST "+deadLetterPath, internal(event.Handler(s.deadLetter)))
	return mux, nil
}

// isPath reports whether webhooks may come to the path; patterns of net/http may be
// more than paths.
func isPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "{} \t") && path != sweepPath && path != deadLetterPath
}

// serveWebhook accepts a webhook: when the answer is 200, it is stored.
func (s *server) serveWebhook(w http.ResponseWriter, r *http.Request) {
	d, refused := s.read(w, r)
	if refused == nil {
		refused = s.accept(r.Context(), d)
	}
	code, text := http.StatusOK, thanks
	if refused != nil {
		code, text = refused.code, refused.Error()
		logging.FromContext(r.Context()).Warnw("webhook refused", "code", code, "error", refused.err,
			"delivery", d.GUID, "event", d.Event)
	}
	s.metrics.responses.WithLabelValues(strconv.Itoa(code)).Inc()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	// Who does not wait for the answer asks again, and is told the same.
	_, _ = w.Write([]byte(text)) //nolint:gosec // G705: the headers make it plain text
}

// accept stores the delivery and sends its event. Only storing can fail: what is
// stored is pending, and the sweep sends it again.
func (s *server) accept(ctx context.Context, d inbox.Delivery) *refusal {
	log := logging.FromContext(ctx).With("delivery", d.GUID, "event", d.Event)
	s.metrics.webhooks.WithLabelValues(d.Event).Inc()

	// GitHub hanging up is no reason to forget what it said.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer stop()
	storing, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := s.inbox.Put(storing, d)
	switch {
	case errors.Is(err, inbox.ErrDuplicate):
		log.Info("delivery was accepted before")
		return nil
	case errors.Is(err, inbox.ErrGUID):
		return &refusal{http.StatusBadRequest, "X-GitHub-Delivery is no GUID", err}
	case err != nil:
		return &refusal{http.StatusInternalServerError, "the webhook could not be stored", err}
	}
	if err := s.send(ctx, d, s.sendTimeout); err != nil {
		log.Errorw("event not sent, left to the sweep", "error", err)
	}
	return nil
}

// send sends the delivery's event. A body that is not JSON makes no event, now or
// ever, and is buried.
func (s *server) send(ctx context.Context, d inbox.Delivery, timeout time.Duration) error {
	ev, err := webhook.Event(d)
	if err != nil {
		return errors.Join(event.Permanent(err), s.bury(ctx, d.GUID, err.Error()))
	}
	sending, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.sender.Send(sending, ev)
}

func (s *server) bury(ctx context.Context, guid, reason string) error {
	s.metrics.buried.Inc()
	return s.inbox.Bury(ctx, guid, reason)
}
