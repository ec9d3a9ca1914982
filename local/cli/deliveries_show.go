// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/inbox"
)

func newShowDelivery(f folder, now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show GUID",
		Short: "Show what became of a delivery",
		Long: `Show what became of a delivery: what each plugin did about it, and what is left.
GitHub shows the GUID in the settings of the webhook.`,
		Args: cobra.ExactArgs(1),
	}
	var where inboxFlags
	where.add(cmd)
	cmd.ValidArgsFunction = where.complete(f, "unfinished")
	format := addFormat(cmd)
	body := cmd.Flags().Bool("body", false, "print what GitHub sent, and nothing else")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		box, err := where.open(cmd, f)
		if err != nil {
			return err
		}
		if *body {
			d, err := box.Get(cmd.Context(), args[0])
			if err != nil {
				return fmt.Errorf("delivery %s: %w", args[0], err)
			}
			_, err = cmd.OutOrStdout().Write(d.Body)
			return err
		}
		s, err := readStory(cmd.Context(), box, args[0])
		if err != nil {
			return err
		}
		if done, err := writeJSON(cmd.OutOrStdout(), *format, s); done {
			return err
		}
		return s.write(cmd.OutOrStdout(), now())
	}
	return cmd
}

// story is what is known of one delivery.
type story struct {
	delivery

	Outcomes []outcome `json:"outcomes"`
}

// outcome is what one plugin did.
type outcome struct {
	Consumer string        `json:"consumer"`
	Plugin   string        `json:"plugin"`
	Outcome  inbox.Outcome `json:"outcome"`
}

// outcomes are those of a ledger, in order.
func outcomes(entries map[string]inbox.Entry) []outcome {
	all := []outcome{}
	for consumer, entry := range entries {
		for plugin, o := range entry.Plugins {
			all = append(all, outcome{consumer, plugin, o})
		}
	}
	slices.SortFunc(all, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.Consumer, b.Consumer), cmp.Compare(a.Plugin, b.Plugin))
	})
	return all
}

// readStory finds the delivery, or the letter, wherever it is.
func readStory(ctx context.Context, box *inbox.Inbox, guid string) (story, error) {
	open, err := listDeliveries(ctx, box, "unfinished")
	if err != nil {
		return story{}, err
	}
	entries, err := box.Entries(ctx, guid)
	if err != nil {
		return story{}, fmt.Errorf("delivery %s: %w", plain(guid), err)
	}
	s := story{Outcomes: outcomes(entries)}
	if i := slices.IndexFunc(open, func(d delivery) bool { return d.GUID == guid }); i >= 0 {
		s.delivery = open[i]
		return s, nil
	}
	if _, err := box.Get(ctx, guid); errors.Is(err, inbox.ErrNotFound) {
		return story{}, fmt.Errorf("delivery %s did not arrive, or it is not kept any more", guid)
	}
	s.delivery = delivery{State: stateDone, GUID: guid}
	s.describe(ctx, box)
	return s, nil
}

func (s story) write(out io.Writer, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"delivery", s.GUID},
		{"state", s.State},
		{"event", s.Event},
		{"repo", s.Repo},
		{"since", fmt.Sprintf("%s (%s)", s.Since.UTC().Format(time.RFC3339), now.Sub(s.Since).Round(time.Second))},
		{"sent again", fmt.Sprint(s.Attempts)},
		{"error", s.Error},
	} {
		if line[1] != "" {
			fmt.Fprintf(table, "%s\t%s\n", line[0], plain(line[1]))
		}
	}
	if len(s.Outcomes) > 0 {
		fmt.Fprintln(table, "\nOUTCOME\tPLUGIN\tBY\tTRIES\tWHEN\tERROR")
	}
	for _, o := range s.Outcomes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", plain(o.Outcome.State), plain(o.Plugin), o.Consumer, o.Outcome.Attempts,
			o.Outcome.At.UTC().Format(time.RFC3339), plain(o.Outcome.Error))
	}
	return table.Flush()
}
