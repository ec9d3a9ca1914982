// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"errors"
	"fmt"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// Consumer is the name under which the ledger says what plugins did.
const Consumer = "plugins"

// handler runs the plugins that are enabled for an event's repository.
type handler struct {
	reader   *webhook.Reader
	ledger   ledger
	config   func() *config.Config
	settings func() *plugins.Configuration
	plugins  []plugin.Plugin
	external external
	metrics  metrics
	timeout  time.Duration
	now      func() time.Time
	busy     busy
}

// task is what one plugin, internal or external, is to do about an event.
type task struct {
	// name is its key in the ledger.
	name string
	// labels are of metrics.
	event, action string
	// calls are made one after the other.
	calls []plugin.Call
}

// handle has every plugin that is enabled deal with the event, unless the ledger
// says that it already has.
func (h *handler) handle(ctx context.Context, ev event.Event) error {
	w, err := h.reader.Read(ctx, ev)
	if err != nil {
		return h.unreadable(ctx, ev, err)
	}
	// The broker and the sweep may deliver an event while it is being handled.
	defer h.busy.wait(w.GUID)()
	// Half-done work is worse than work whose answer nobody waits for any more.
	// Tasks have a deadline of their own; this one is for the bucket's sake.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timeout+time.Minute)
	defer cancel()

	done, err := h.ledger.read(ctx, w.GUID)
	if err != nil {
		return err
	}
	tasks := h.tasks(w, ev.Time())
	outcomes := h.run(ctx, w.GUID, tasks, done)
	if err := h.ledger.close(ctx, w.GUID, outcomes); err != nil {
		return err
	}
	return unfinished(outcomes)
}

// unreadable deals with an event that no plugin can be given. One that is not
// from GitHub leaves no trace; one that is, but makes no sense, is given up.
func (h *handler) unreadable(ctx context.Context, ev event.Event, err error) error {
	if !event.IsPermanent(err) || errors.Is(err, webhook.ErrSignature) {
		return err
	}
	if buried := h.ledger.inbox.Bury(ctx, ev.ID(), err.Error()); buried != nil {
		logging.FromContext(ctx).Errorw("cannot give up the delivery", "error", buried)
	}
	return err
}

// tasks returns what there is to do about the webhook.
func (h *handler) tasks(w *webhook.Webhook, received time.Time) []task {
	settings := h.settings()
	repo := repoOf(w)
	e := plugin.Event{Config: h.config(), Plugins: settings, Time: plugin.TimeOf(w.Payload, received)}
	var tasks []task
	add := func(name string, calls ...plugin.Call) {
		if len(calls) > 0 {
			tasks = append(tasks, task{name: name, event: w.Event, action: plugin.ActionOf(w.Payload), calls: calls})
		}
	}
	for _, p := range h.plugins {
		if settings.Enabled(repo.Org, repo.Name, p.Name) {
			add(p.Name, p.Calls(e, w.Payload)...)
		}
	}
	for _, p := range settings.ExternalPluginsFor(repo.Org, repo.Name) {
		if wants(p, w.Event) {
			add(externalPrefix+p.Name, func(ctx context.Context) error { return h.external.send(ctx, p, w) })
		}
	}
	return tasks
}

// unfinished returns an error when some plugin has to see the event again.
func unfinished(outcomes map[string]inbox.Outcome) error {
	var failed []error
	for name, o := range outcomes {
		if !o.Final() {
			failed = append(failed, fmt.Errorf("plugin %s: %s", name, o.Error))
		}
	}
	return errors.Join(failed...)
}
