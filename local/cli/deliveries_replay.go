// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/local/up"
)

func newReplay(f folder, now func() time.Time) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay [GUID...]",
		Short: "Have deliveries done again",
		Long: `Have deliveries done again, as if they had just come: the next sweep sends them,
which is within five minutes. Plugins that are done with one are not asked again,
unless --force says so. Letters are sent to everybody who wants them.

What did not arrive cannot be replayed from here: GitHub has it, and is asked for it.`,
		Example: `  cutwater deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958
  cutwater deliveries replay --dead --plugin trigger
  cutwater deliveries replay --letters --now --hook https://hook.example.com/hook`,
	}
	var where inboxFlags
	where.add(cmd)
	cmd.ValidArgsFunction = where.complete(f, "unfinished")
	flags := cmd.Flags()
	var which inbox.Which
	flags.StringVar(&which.Plugin, "plugin", "", "only this plugin")
	flags.BoolVar(&which.Done, "force", false, "also plugins that are done, which then do it twice")
	dead := flags.Bool("dead", false, "all that were given up")
	letters := flags.Bool("letters", false, "all letters")
	atOnce := flags.Bool("now", false, "ask hook to sweep at once")
	hook := flags.String("hook", "", "hook's address, for --now (default: that of the machine that is up)")
	for _, name := range []string{"plugin", "hook"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	cmd.RunE = func(cmd *cobra.Command, guids []string) error {
		if len(guids) == 0 && !*dead && !*letters {
			return asUsageError(errors.New("which deliveries? Name their GUIDs, or all with --dead or --letters"))
		}
		box, err := where.open(cmd, f)
		if err != nil {
			return err
		}
		r := replay{box: box, which: which, now: now(), out: cmd.OutOrStdout()}
		for listing, wanted := range map[string]bool{"dead": *dead, "letters": *letters} {
			if wanted {
				if guids, err = r.add(cmd.Context(), guids, listing); err != nil {
					return err
				}
			}
		}
		err = r.all(cmd.Context(), guids)
		if *atOnce && r.done > 0 {
			err = errors.Join(err, sweepNow(cmd.Context(), f, *hook))
		}
		return err
	}
	return cmd
}

// replay has deliveries done again.
type replay struct {
	box   *inbox.Inbox
	which inbox.Which
	now   time.Time
	out   io.Writer
	done  int
}

// add adds all of a listing.
func (r *replay) add(ctx context.Context, guids []string, listing string) ([]string, error) {
	all, err := listDeliveries(ctx, r.box, listing)
	for _, d := range all {
		guids = append(guids, d.GUID)
	}
	return guids, err
}

// all replays each, whatever becomes of the others.
func (r *replay) all(ctx context.Context, guids []string) error {
	var errs []error
	for _, guid := range guids {
		what, err := r.one(ctx, guid)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", plain(guid), err))
			continue
		}
		r.done++
		fmt.Fprintf(r.out, "%s: %s\n", guid, what)
	}
	return errors.Join(errs...)
}

func (r *replay) one(ctx context.Context, guid string) (what string, err error) {
	plugins, err := r.box.Again(ctx, guid, r.which, r.now)
	switch {
	case errors.Is(err, inbox.ErrDone):
		return "", fmt.Errorf("%w; --force does it again", err)
	case errors.Is(err, inbox.ErrNotFound):
		if err := r.box.ReplayLetter(ctx, guid); !errors.Is(err, inbox.ErrNotFound) {
			return "the letter is sent again with the next sweep", err
		}
		return "", errors.New("its request is not kept here; GitHub may still have it (Redeliver, in the settings of the webhook)")
	case err != nil:
		return "", err
	case len(plugins) == 0:
		return "is sent again with the next sweep", nil
	}
	return "is sent again with the next sweep, for " + strings.Join(plugins, ", "), nil
}

// sweepNow has hook sweep.
func sweepNow(ctx context.Context, f folder, hook string) error {
	if hook == "" {
		dir, err := f()
		if err != nil {
			return err
		}
		c, err := up.Connect(dir)
		if err != nil {
			return fmt.Errorf("--now: name hook's address with --hook: %w", err)
		}
		hook = c.Hook
	}
	address, err := url.Parse(hook)
	if err != nil || address.Host == "" {
		return errors.New("--hook: it is no URL")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: "/sweep"}).String(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: 5 * time.Minute}).Do(request)
	if err != nil {
		return fmt.Errorf("asking hook to sweep: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("hook swept, and something failed: it answered %s, and its log says what", response.Status)
	}
	return nil
}

// complete completes GUIDs of a listing.
func (w *inboxFlags) complete(f folder, listing string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const no = cobra.ShellCompDirectiveNoFileComp
		box, err := w.open(cmd, f)
		if err != nil {
			return nil, no
		}
		all, err := listDeliveries(cmd.Context(), box, listing)
		if err != nil {
			return nil, no
		}
		var found []cobra.Completion
		for _, d := range all {
			found = append(found, cobra.CompletionWithDesc(d.GUID, strings.TrimSpace(d.State+" "+d.Event+" "+d.Repo)))
		}
		return found, no
	}
}
