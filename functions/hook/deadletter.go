// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/triggers"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

const (
	// deadLetterPath is where the broker sends what it gave up.
	deadLetterPath = "/dead-letter"
	// maxReplays is how many dead letters one sweep sends again.
	maxReplays = 100
)

// Attributes that Knative adds to a dead letter: who did not take the event, and what
// it answered.
const (
	errorDest = "knativeerrordest"
	errorCode = "knativeerrorcode"
	errorData = "knativeerrordata"
)

// internal lets only those in who are in the cluster: no other way leads to a
// service's internal name.
func internal(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isInternal(r.Host) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// isInternal reports whether the host is an address or <service>.<namespace>.svc...
func isInternal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	labels := strings.Split(host, ".")
	return len(labels) > 2 && labels[2] == "svc"
}

// deadLetter deals with an event that the broker gave up. A delivery of GitHub's is
// in the inbox, and the sweep goes on with it until plugins are done: only that is
// written down, and who else did not take it gets it by inbox.Again. Any other event
// is kept.
func (s *server) deadLetter(ctx context.Context, ev event.Event) error {
	s.metrics.deadLetters.Inc()
	logging.FromContext(ctx).Errorw("the broker gave an event up", "subscriber", subscriberOf(ev), "code", codeOf(ev))
	if _, ok := triggers.GitHubEvent(ev.Type()); ok {
		return s.noteGivenUp(ctx, ev)
	}
	data, err := json.Marshal(ev)
	if err != nil {
		return event.Permanent(err)
	}
	err = s.inbox.PutLetter(ctx, ev.Source(), ev.ID(), data)
	if errors.Is(err, inbox.ErrLetter) {
		return event.Permanent(err)
	}
	return err
}

// noteGivenUp writes into the delivery's ledger that the broker gave it up. The event
// counts only if it has the signature of what is stored; its data is not used.
func (s *server) noteGivenUp(ctx context.Context, ev event.Event) error {
	d, err := s.inbox.Get(ctx, ev.ID())
	if errors.Is(err, inbox.ErrNotFound) || errors.Is(err, inbox.ErrGUID) {
		return event.Permanent(fmt.Errorf("no delivery of ours: %w", err))
	}
	if err != nil {
		return err
	}
	signature, _ := ev.Extensions()[triggers.Signature].(string)
	if signature == "" || !hmac.Equal([]byte(signature), []byte(d.Header.Get(webhook.SignatureHeader))) {
		return event.Permanent(webhook.ErrSignature)
	}
	entry, err := s.inbox.Entry(ctx, d.GUID, inbox.Broker)
	if err != nil {
		return err
	}
	subscriber := subscriberOf(ev)
	outcome := inbox.Outcome{
		State: inbox.StateError, Error: "the broker gave up; the sweep goes on while it is pending",
		Attempts: entry.Plugins[subscriber].Attempts + 1, At: time.Now().UTC(),
	}
	if code := codeOf(ev); code != 0 {
		outcome.Error = fmt.Sprintf("the broker was answered %d and gave up; the sweep goes on while it is pending", code)
	}
	return s.inbox.Record(ctx, d.GUID, inbox.Broker, inbox.Entry{Plugins: map[string]inbox.Outcome{subscriber: outcome}})
}

// subscriberOf is the host that did not take the event; the rest of its address may
// hold anything.
func subscriberOf(ev event.Event) string {
	dest, _ := ev.Extensions()[errorDest].(string)
	u, err := url.Parse(dest)
	if err != nil || len(u.Hostname()) > 128 || strings.Trim(u.Hostname(), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return "unknown"
	}
	return cmp.Or(u.Hostname(), "unknown")
}

// codeOf is what the subscriber answered, and 0 when it did not.
func codeOf(ev event.Event) int {
	code, err := strconv.Atoi(fmt.Sprint(ev.Extensions()[errorCode]))
	if err != nil || code < 100 || code > 599 {
		return 0
	}
	return code
}

// replay sends dead letters that somebody wants sent again, as a sweep does
// deliveries: one that fails does not stop the others.
func (s *server) replay(ctx context.Context) error {
	var names []string
	for letter, err := range s.inbox.Replays(ctx) {
		if err != nil {
			return fmt.Errorf("listing replays: %w", err)
		}
		if names = append(names, letter.Name); len(names) == maxReplays {
			break
		}
	}
	results := newTally()
	for _, name := range names {
		if results.away() {
			break
		}
		results.try(func() error { return s.replayLetter(ctx, name) })
	}
	results.wait()
	return results.err("replays")
}

// replayLetter sends one. What the sink will never take is a dead letter again.
func (s *server) replayLetter(ctx context.Context, name string) error {
	data, err := s.inbox.Replay(ctx, name)
	if errors.Is(err, inbox.ErrNotFound) {
		return nil // another sweep was faster
	}
	if err != nil {
		return err
	}
	var ev event.Event
	if err := json.Unmarshal(data, &ev); err != nil {
		logging.FromContext(ctx).Errorw("dead letter is no event, and is not sent", "name", name, "error", err)
		return s.inbox.Replayed(ctx, name)
	}
	for _, added := range []string{errorDest, errorCode, errorData} {
		ev.SetExtension(added, nil)
	}
	sending, cancel := context.WithTimeout(ctx, resendTimeout)
	defer cancel()
	err = s.sender.Send(sending, ev)
	if event.IsPermanent(err) {
		logging.FromContext(ctx).Errorw("dead letter is not taken again", "event", ev.ID(), "error", err)
		err = s.inbox.PutLetter(ctx, ev.Source(), ev.ID(), data)
	}
	if err != nil {
		return err
	}
	return s.inbox.Replayed(ctx, name)
}
