// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/triggers"
)

// Reader makes webhooks of events again, for whoever consumes them.
type Reader struct {
	inbox   *inbox.Inbox
	secrets *Secrets
}

// NewReader returns a reader that fetches large bodies from the inbox and checks
// signatures with the secrets; nil secrets trust every event.
func NewReader(i *inbox.Inbox, s *Secrets) *Reader { return &Reader{inbox: i, secrets: s} }

// Webhook is a webhook that came as an event.
type Webhook struct {
	GUID, Event string
	Body        []byte // as GitHub sent it
	Payload     any    // what Decode returned
}

// Read returns the event's webhook. Events that are not from GitHub, wrongly signed
// or unreadable are event.Permanent errors, and ErrSignature where nothing shows that
// GitHub sent them: not even their IDs are to be believed.
func (r *Reader) Read(ctx context.Context, ev event.Event) (*Webhook, error) {
	name, ok := triggers.GitHubEvent(ev.Type())
	if !ok {
		return nil, event.Permanent(unsignedError{fmt.Errorf("event type %q is not of GitHub", ev.Type())})
	}
	body, err := r.body(ctx, ev)
	if err != nil {
		return nil, fmt.Errorf("reading the body of %s %s: %w", name, ev.ID(), err)
	}
	if err := r.check(ctx, ev, body); err != nil {
		return nil, event.Permanent(fmt.Errorf("%s %s: %w", name, ev.ID(), err))
	}
	payload, err := Decode(name, ev.ID(), body)
	if err != nil {
		return nil, event.Permanent(err)
	}
	return &Webhook{GUID: ev.ID(), Event: name, Body: body, Payload: payload}, nil
}

// body returns the event's data, from the inbox when it did not travel. The reference
// itself is not followed: the event's ID says as much, and leads nowhere else.
func (r *Reader) body(ctx context.Context, ev event.Event) ([]byte, error) {
	if _, ok := ev.Extensions()[triggers.DataRef]; !ok {
		return ev.Data(), nil
	}
	d, err := r.inbox.Get(ctx, ev.ID())
	if errors.Is(err, inbox.ErrNotFound) || errors.Is(err, inbox.ErrGUID) {
		return nil, event.Permanent(unsignedError{err})
	}
	return d.Body, err
}

// unsignedError is why there is no body whose signature could be checked.
type unsignedError struct{ error }

func (e unsignedError) Unwrap() error        { return e.error }
func (e unsignedError) Is(target error) bool { return target == ErrSignature }

func (r *Reader) check(ctx context.Context, ev event.Event, body []byte) error {
	if r.secrets == nil {
		return nil
	}
	signature, _ := ev.Extensions()[triggers.Signature].(string)
	stale, err := r.secrets.Check(signature, body)
	if stale != nil {
		logging.FromContext(ctx).Errorw("tokens before stay in force", "error", stale)
	}
	return err
}
