// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// ErrDone is what Again's error is when there is nothing to do again.
var ErrDone = errors.New("everything is done")

// All yields the GUIDs of everything that has arrived and is kept.
func (i *Inbox) All(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range i.bucket.List(ctx, deliveriesPrefix, "/") {
			if err != nil {
				yield("", err)
				return
			}
			guid := strings.TrimSuffix(strings.TrimPrefix(o.Key, deliveriesPrefix), "/")
			if o.IsDir && isName(guid) && !yield(guid, nil) {
				return
			}
		}
	}
}

// Entries returns the ledger of the delivery: each consumer's entry.
func (i *Inbox) Entries(ctx context.Context, guid string) (map[string]Entry, error) {
	if err := checkGUID(guid); err != nil {
		return nil, err
	}
	entries := map[string]Entry{}
	for o, err := range i.bucket.List(ctx, deliveryPrefix(guid), "") {
		if err != nil {
			return nil, err
		}
		consumer := strings.TrimPrefix(o.Key, deliveryPrefix(guid))
		if consumer == requestName || !isName(consumer) {
			continue
		}
		if entries[consumer], err = i.Entry(ctx, guid, consumer); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// Which says which plugins are to see a delivery again.
type Which struct {
	Plugin string // only this one; empty for all
	Done   bool   // also those that are done, or had nothing to do
}

func (w Which) has(plugin string, o Outcome) bool {
	return (w.Plugin == "" || w.Plugin == plugin) && (w.Done || o.State != StateDone && o.State != StateNothing)
}

// Again has the next sweep send a delivery again, as if it had just come, and returns
// the plugins whose outcomes are taken back for that. Those that are done skip it. It
// returns ErrNotFound where the request is not kept, and ErrDone where nothing about it
// is unfinished and there is no outcome to take back.
func (i *Inbox) Again(ctx context.Context, guid string, which Which, now time.Time) ([]string, error) {
	if err := checkGUID(guid); err != nil {
		return nil, err
	}
	if _, err := i.bucket.Attributes(ctx, RequestKey(guid)); err != nil {
		return nil, err
	}
	l := i.lock(guid)
	l.Lock()
	defer l.Unlock()
	entries, err := i.Entries(ctx, guid)
	if err != nil {
		return nil, err
	}
	unfinished, err := i.unfinished(ctx, guid, entries)
	if err != nil {
		return nil, err
	}
	delete(entries, Broker) // which does nothing
	plugins := which.in(entries)
	if which.Plugin != "" && len(plugins) == 0 {
		return nil, fmt.Errorf("plugin %s: %w", which.Plugin, ErrDone)
	}
	if len(plugins) == 0 && !unfinished {
		return nil, ErrDone
	}
	// The mark comes first, as in revive. No sweep shall send it yet: it would be finished
	// with the outcomes that are taken back only then.
	mark := Pending{GUID: guid, Since: now, LastSent: now}
	if err := i.Mark(ctx, mark); err != nil {
		return nil, err
	}
	for consumer, entry := range entries {
		if err := i.takeBack(ctx, guid, consumer, entry, which); err != nil {
			return nil, err
		}
	}
	mark.LastSent = time.Time{} // never: due at once
	if err := i.Mark(ctx, mark); err != nil {
		return nil, err
	}
	return plugins, i.remove(ctx, deadKey(guid))
}

// in returns the names of those that are meant.
func (w Which) in(entries map[string]Entry) []string {
	names := []string{}
	for _, entry := range entries {
		for plugin, outcome := range entry.Plugins {
			if w.has(plugin, outcome) {
				names = append(names, plugin)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unfinished reports whether somebody may have to see the delivery yet: it is pending
// or dead, hook was stopped before it could accept it, or the broker gave somebody up.
func (i *Inbox) unfinished(ctx context.Context, guid string, entries map[string]Entry) (bool, error) {
	if _, undelivered := entries[Broker]; undelivered || len(entries) == 0 {
		return true, nil
	}
	pending, err := i.bucket.Exists(ctx, pendingKey(guid))
	if err != nil || pending {
		return pending, err
	}
	return i.bucket.Exists(ctx, deadKey(guid))
}

// takeBack removes the outcomes that are meant from an entry.
func (i *Inbox) takeBack(ctx context.Context, guid, consumer string, entry Entry, which Which) error {
	left := maps.Clone(entry.Plugins)
	maps.DeleteFunc(left, which.has)
	if len(left) == len(entry.Plugins) {
		return nil
	}
	key, err := entryKey(guid, consumer)
	if err != nil {
		return err
	}
	data, err := json.Marshal(Entry{Plugins: left})
	if err != nil {
		return err
	}
	return i.bucket.Write(ctx, key, data, jsonObject())
}
