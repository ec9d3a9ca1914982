// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"knative.dev/pkg/logging"
)

const (
	// maxBody is enough for a structured event with GitHub's largest webhook in it.
	maxBody = 40 << 20
	// readTimeout bounds how long a sender may take over its body.
	readTimeout = 30 * time.Second
)

// Handler serves events, in binary and structured mode, to h. It answers 202 when h
// is done with the event, 500 when it shall be delivered again, and 4xx to what is
// no event.
func Handler(h HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log := logging.FromContext(r.Context())
		ev, status, err := read(w, r)
		if err != nil {
			log.Warnw("request is no event", "status", status, "error", err)
			http.Error(w, err.Error(), status)
			return
		}
		log = log.With("event", ev.ID(), "type", ev.Type())
		err = h(logging.WithLogger(r.Context(), log), ev)
		switch {
		case err == nil:
		case IsPermanent(err):
			log.Errorw("event failed for good", "error", err)
		default:
			log.Errorw("event failed, to be delivered again", "error", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
}

// read returns the request's event, or the status to refuse it with.
func read(w http.ResponseWriter, r *http.Request) (Event, int, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Event{}, http.StatusMethodNotAllowed, errors.New("events come by POST")
	}
	body := http.NewResponseController(w)
	// Not every ResponseWriter has deadlines, and their lack is no harm.
	_ = body.SetReadDeadline(time.Now().Add(readTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	ev, err := binding.ToEvent(r.Context(), cehttp.NewMessageFromHttpRequest(r))
	_ = body.SetReadDeadline(time.Time{})
	if err == nil {
		err = ev.Validate()
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return Event{}, http.StatusRequestEntityTooLarge, err
	}
	if err != nil {
		return Event{}, http.StatusBadRequest, fmt.Errorf("not a CloudEvent: %w", err)
	}
	return *ev, 0, nil
}
