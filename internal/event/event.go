// SPDX-License-Identifier: Apache-2.0

// Package event receives and sends CloudEvents over HTTP, as Knative's brokers and
// triggers do.
//
// [Handler] makes an [net/http.Handler] of a function of an event; [Sender] posts
// events to a sink. The answers say what shall happen to the event: 202 and no body,
// it is dealt with; 500, the broker shall deliver it again. In Prow: nothing; its
// hook calls plugins in its own process.
package event

import (
	"context"
	"slices"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// Event is a CloudEvent.
type Event = cloudevents.Event

// HandlerFunc deals with an event. When it returns nil the event is done with; an
// error has it delivered again, unless it is a Permanent one. It must not go on
// working after it returned.
type HandlerFunc func(context.Context, Event) error

// Permanent marks an error as one that trying again would not help, so that the
// event is not delivered again. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err was marked by Permanent, or something it wraps. Of
// several errors (errors.Join) all must be: as long as one may get better, trying
// again helps.
func IsPermanent(err error) bool {
	switch e := err.(type) { //nolint:errorlint // this is how errors.As walks, too
	case *permanentError:
		return true
	case interface{ Unwrap() error }:
		return IsPermanent(e.Unwrap())
	case interface{ Unwrap() []error }:
		all := e.Unwrap()
		return len(all) > 0 && !slices.ContainsFunc(all, func(err error) bool { return !IsPermanent(err) })
	}
	return false
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }
