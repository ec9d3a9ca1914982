// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// run does the tasks that are not yet done, at the same time, and returns what
// became of all. What acted is in the ledger before the others end: a crash must
// not make it act again.
func (h *handler) run(ctx context.Context, guid string, tasks []task, done map[string]inbox.Outcome) map[string]inbox.Outcome {
	type result struct {
		name    string
		outcome inbox.Outcome
	}
	results := make(chan result)
	var running sync.WaitGroup
	left := 0
	outcomes := make(map[string]inbox.Outcome, len(tasks))
	for _, t := range tasks {
		before := done[t.name]
		if before.Final() {
			outcomes[t.name] = before
			continue
		}
		left++
		running.Go(func() {
			outcome := h.do(ctx, t)
			outcome.Attempts = before.Attempts + 1
			results <- result{t.name, outcome}
		})
	}
	for ; left > 0; left-- {
		r := <-results
		outcomes[r.name] = r.outcome
		if r.outcome.State != inbox.StateDone || left == 1 {
			continue // nothing that must not be repeated, or about to be written anyway
		}
		if err := h.ledger.write(ctx, guid, outcomes); err != nil {
			logging.FromContext(ctx).Warnw("cannot write the ledger yet", "error", err)
		}
	}
	running.Wait()
	return outcomes
}

// do has one plugin deal with the event, and says what came of it.
func (h *handler) do(ctx context.Context, t task) inbox.Outcome {
	log := logging.FromContext(ctx).With("plugin", t.name)
	ctx, cancel := context.WithTimeout(logging.WithLogger(ctx, log), h.timeout)
	defer cancel()
	ctx, acted := watchActions(ctx)
	start := h.now()
	var failed []error
	for _, call := range t.calls {
		if err := guarded(ctx, call); err != nil {
			failed = append(failed, err)
		}
	}
	outcome := inbox.Outcome{State: stateOf(failed, acted()), At: h.now()}
	if err := errors.Join(failed...); err != nil {
		outcome.Error = brief(err.Error())
		log.Errorw("plugin failed", "state", outcome.State, "error", outcome.Error)
	}
	h.metrics.handled(t, acted(), len(failed) > 0, h.now().Sub(start))
	return outcome
}

// maxError is how long an error the ledger and the log take, in bytes.
const maxError = 4096

// brief shortens an error: what a repository holds may be at fault in a thousand places.
func brief(text string) string {
	if len(text) <= maxError {
		return text
	}
	return strings.ToValidUTF8(text[:maxError], "") + "…"
}

// stateOf sums up the errors of a plugin's functions.
func stateOf(failed []error, acted bool) string {
	for _, err := range failed {
		if !event.IsPermanent(err) {
			return inbox.StateError
		}
	}
	switch {
	case len(failed) > 0:
		return inbox.StatePermanent
	case acted:
		return inbox.StateDone
	}
	return inbox.StateNothing
}

// guarded calls a plugin's function, and makes an error of its panic.
func guarded(ctx context.Context, call plugin.Call) (err error) {
	defer func() {
		if v := recover(); v != nil {
			logging.FromContext(ctx).Errorw("plugin panicked", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return call(ctx)
}
