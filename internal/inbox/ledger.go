// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cutwater-ci/cutwater/internal/blob"
)

// Entry is what one consumer did with a delivery: the outcome of each plugin that
// the event concerned.
type Entry struct {
	Plugins map[string]Outcome `json:"plugins"`
}

// Broker is the consumer that stands for the broker: its entry says to whom it could
// not deliver the event, in place of plugins.
const Broker = "broker"

// States of an Outcome.
const (
	StateDone      = "done"      // acted, and need not again
	StateNothing   = "nothing"   // had nothing to do
	StateError     = "error"     // failed, to be tried again
	StatePermanent = "permanent" // failed, and trying again would not help
)

// Outcome is what one plugin did.
type Outcome struct {
	State    string    `json:"state"`
	Error    string    `json:"error,omitempty"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`
}

// Final reports whether the plugin need not see the delivery again.
func (o Outcome) Final() bool {
	return o.State == StateDone || o.State == StateNothing || o.State == StatePermanent
}

// Entry returns the ledger entry of the consumer; it is empty when there is none yet.
func (i *Inbox) Entry(ctx context.Context, guid, consumer string) (Entry, error) {
	key, err := entryKey(guid, consumer)
	if err != nil {
		return Entry{}, err
	}
	data, err := i.bucket.Read(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return Entry{}, nil
	}
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return Entry{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return e, nil
}

// Record adds the outcomes to the consumer's ledger entry. A plugin's final outcome
// stays, whatever a second delivery at the same time made of it; two processes that
// record at the same moment may still lose one of theirs, and that plugin is then
// asked again.
func (i *Inbox) Record(ctx context.Context, guid, consumer string, e Entry) error {
	key, err := entryKey(guid, consumer)
	if err != nil {
		return err
	}
	l := i.lock(guid)
	l.Lock()
	defer l.Unlock()
	merged, err := i.Entry(ctx, guid, consumer)
	if err != nil {
		return err
	}
	if merged.Plugins == nil {
		merged.Plugins = map[string]Outcome{}
	}
	maps.Copy(merged.Plugins, withoutFinal(e.Plugins, merged.Plugins))
	data, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	return i.bucket.Write(ctx, key, data, jsonObject())
}

// withoutFinal returns the outcomes of plugins that have no final one in the ledger.
func withoutFinal(outcomes, ledger map[string]Outcome) map[string]Outcome {
	left := maps.Clone(outcomes)
	maps.DeleteFunc(left, func(plugin string, _ Outcome) bool { return ledger[plugin].Final() })
	return left
}
