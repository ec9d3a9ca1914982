// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// delivery is one line of the list.
type delivery struct {
	State    string    `json:"state"`
	GUID     string    `json:"guid"` // or the name of a letter
	Event    string    `json:"event,omitempty"`
	Repo     string    `json:"repo,omitempty"` // or a letter's source
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
}

// States of deliveries that are in no part of the inbox but the one of all.
const (
	stateDone   = "done"
	stateStored = "stored" // nobody has begun
)

// settled reports whether the delivery is neither pending nor dead, as far as this
// line knows.
func (d delivery) settled() bool { return d.State == stateDone || d.State == stateStored }

// listing is a part of the inbox.
type listing struct {
	name, help string
	list       func(context.Context, *inbox.Inbox) ([]delivery, error) // nil for unfinished: all but "all"
}

func listings() []listing {
	return []listing{
		{"unfinished", "all of the following", nil},
		{"pending", "arrived, and not done", listPending},
		{"dead", "given up", listDead},
		{"missing", "did not arrive", listMissing},
		{"letters", "not GitHub's, and given up by the broker", listLetters},
		{"all", "everything that is kept", listAll},
	}
}

// listDeliveries returns those of the listing, the newest first.
func listDeliveries(ctx context.Context, box *inbox.Inbox, name string) ([]delivery, error) {
	all := []delivery{}
	for _, l := range listings() {
		if l.list == nil || l.name != name && (name != "unfinished" && name != "all" || l.name == "all" && name == "unfinished") {
			continue
		}
		found, err := l.list(ctx, box)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b delivery) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.GUID, b.GUID)) })
	// What is pending or dead has also arrived.
	seen := map[string]bool{}
	for _, d := range all {
		seen[d.GUID] = seen[d.GUID] || !d.settled()
	}
	return slices.DeleteFunc(all, func(d delivery) bool { return d.settled() && seen[d.GUID] }), nil
}

func listPending(ctx context.Context, box *inbox.Inbox) ([]delivery, error) {
	var found []delivery
	for p, err := range box.Pending(ctx) {
		if err != nil {
			return nil, err
		}
		d := delivery{State: "pending", GUID: p.GUID, Since: p.Since, Attempts: p.Attempts}
		d.describe(ctx, box)
		found = append(found, d)
	}
	return found, nil
}

func listDead(ctx context.Context, box *inbox.Inbox) ([]delivery, error) {
	var found []delivery
	for dead, err := range box.Dead(ctx) {
		if err != nil {
			return nil, err
		}
		d := delivery{State: "dead", GUID: dead.GUID, Since: dead.At}
		d.describe(ctx, box)
		d.Error = join(dead.Reason, d.Error)
		found = append(found, d)
	}
	return found, nil
}

func listMissing(ctx context.Context, box *inbox.Inbox) ([]delivery, error) {
	var found []delivery
	for m, err := range box.Missing(ctx) {
		if err != nil {
			return nil, err
		}
		d := delivery{State: "missing", GUID: m.GUID, Since: m.Since, Attempts: m.Asked}
		last, err := box.LastFailure(ctx, m)
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			d.Event, d.Since, d.Error = last.Event, last.At, fmt.Sprintf("GitHub was answered %d by %s", last.Status, last.Webhook)
			if last.Status == 0 {
				d.Error = "GitHub was not answered, by " + last.Webhook
			}
		}
		found = append(found, d)
	}
	return found, nil
}

func listLetters(ctx context.Context, box *inbox.Inbox) ([]delivery, error) {
	var found []delivery
	for letter, err := range box.Letters(ctx) {
		if err != nil {
			return nil, err
		}
		d := delivery{State: "letter", GUID: letter.Name, Since: letter.At}
		data, err := box.Letter(ctx, letter.Name)
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return nil, err
		}
		var ev struct {
			Type   string `json:"type"`
			Source string `json:"source"`
			Code   any    `json:"knativeerrorcode"` // a number or a text
			Dest   string `json:"knativeerrordest"`
		}
		_ = json.Unmarshal(data, &ev) // one that cannot be read still has a name
		d.Event, d.Repo, d.Error = ev.Type, ev.Source, ev.Dest
		if ev.Code != nil {
			d.Error = join(ev.Dest, fmt.Sprintf("answered %v", ev.Code))
		}
		found = append(found, d)
	}
	return found, nil
}

func listAll(ctx context.Context, box *inbox.Inbox) ([]delivery, error) {
	var found []delivery
	for guid, err := range box.All(ctx) {
		if err != nil {
			return nil, err
		}
		d := delivery{State: stateDone, GUID: guid}
		d.describe(ctx, box)
		found = append(found, d)
	}
	return found, nil
}

// describe adds what the request and the ledger say. One that cannot be read still has
// a name, and does not hide the others.
func (d *delivery) describe(ctx context.Context, box *inbox.Inbox) {
	request, err := box.Get(ctx, d.GUID)
	switch {
	case errors.Is(err, inbox.ErrNotFound):
		d.Error = join(d.Error, "its request is not kept")
		return
	case err != nil:
		d.Error = join(d.Error, err.Error())
		return
	}
	var body struct {
		Repository struct {
			FullName string `json:"full_name"`
		} `json:"repository"`
	}
	_ = json.Unmarshal(request.Body, &body) // what is no JSON is of no repository
	d.Event, d.Repo = request.Event, body.Repository.FullName
	if d.Since.IsZero() {
		d.Since = request.ReceivedAt
	}
	entries, err := box.Entries(ctx, d.GUID)
	switch {
	case err != nil:
		d.Error = join(d.Error, err.Error())
	case len(entries) == 0 && d.State == stateDone:
		d.State, d.Error = stateStored, "hook was stopped before it could accept it: replay it, or have GitHub deliver it again"
	}
	for _, o := range outcomes(entries) {
		if o.Outcome.Error != "" {
			d.Error = join(d.Error, o.Plugin+": "+o.Outcome.Error)
		}
	}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

// addFormat adds the flag that says how to print.
func addFormat(cmd *cobra.Command) *string {
	format := cmd.Flags().String("format", "text", "text or json")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	return format
}

// writeJSON prints a value, if that is the format.
func writeJSON(out io.Writer, format string, value any) (done bool, err error) {
	switch format {
	case "text":
		return false, nil
	case "json":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return true, encoder.Encode(value)
	}
	return true, asUsageError(fmt.Errorf("there is no format %q; there are text and json", format))
}

func writeDeliveries(out io.Writer, format string, all []delivery, now time.Time) error {
	if done, err := writeJSON(out, format, all); done {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "There are none.")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STATE\tGUID\tEVENT\tREPO\tAGE\tTRIES\tERROR")
	for _, d := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.State, d.GUID, cmp.Or(plain(d.Event), "-"), cmp.Or(plain(d.Repo), "-"),
			now.Sub(d.Since).Round(time.Second), d.Attempts, plain(d.Error))
	}
	return table.Flush()
}

// plain is text for a terminal: others wrote it.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200]) + "…"
	}
	return s
}
