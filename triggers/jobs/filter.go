// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"

	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Choice is what a filter says of a presubmit.
type Choice struct {
	// Chosen says that the filter is about this presubmit.
	Chosen bool
	// Forced runs it whatever the changed files are.
	Forced bool
	// Default is whether it runs where neither always_run nor the changed files say so.
	Default bool
}

// Filter chooses presubmits.
type Filter func(jobs.Presubmit) Choice

// Contexts are the status contexts of a pull's head.
type Contexts struct {
	// Failed are those in the state failure or error.
	Failed map[string]bool
	// All are those in any state.
	All map[string]bool
}

// CommentFilter chooses what the comment asks for. Of a presubmit's matching
// filters the first wins. contexts is called only for /retest and its kin;
// honourOkToTest makes /ok-to-test act as /test all.
func CommentFilter(body string, honourOkToTest bool, contexts func() (Contexts, error)) (Filter, error) {
	filters := []Filter{byTrigger(body)}
	retest, required := known.retest.in(body), known.retestRequired.in(body)
	if retest || required {
		seen, err := contexts()
		if err != nil {
			return nil, fmt.Errorf("getting the status contexts: %w", err)
		}
		if retest {
			filters = append(filters, byContexts(seen))
		}
		if required {
			filters = append(filters, byRequiredContexts(seen))
		}
	}
	if known.manualRequired.in(body) {
		filters = append(filters, manualRequired)
	}
	if honourOkToTest && known.okToTest.in(body) || known.testAll.in(body) {
		filters = append(filters, Automatic)
	}
	return first(filters), nil
}

// Automatic chooses what runs by itself: everything but jobs that must be asked for.
func Automatic(p jobs.Presubmit) Choice { return Choice{Chosen: !p.NeedsExplicitTrigger()} }

func byTrigger(body string) Filter {
	return func(p jobs.Presubmit) Choice {
		asked := p.TriggerMatches(body)
		return Choice{Chosen: asked, Forced: asked, Default: true}
	}
}

func byContexts(seen Contexts) Filter {
	return func(p jobs.Presubmit) Choice {
		failed := seen.Failed[p.Context]
		return Choice{Chosen: failed || !p.NeedsExplicitTrigger() && !seen.All[p.Context], Default: failed}
	}
}

func byRequiredContexts(seen Contexts) Filter {
	all := byContexts(seen)
	return func(p jobs.Presubmit) Choice {
		if p.Optional {
			return Choice{}
		}
		return all(p)
	}
}

func manualRequired(p jobs.Presubmit) Choice {
	chosen := !p.Optional && p.NeedsExplicitTrigger()
	return Choice{Chosen: chosen, Forced: chosen, Default: chosen}
}

func first(filters []Filter) Filter {
	return func(p jobs.Presubmit) Choice {
		for _, filter := range filters {
			if choice := filter(p); choice.Chosen {
				return choice
			}
		}
		return Choice{}
	}
}

// Select returns the presubmits that run on a pull into the branch: those that
// the filter chooses and whose conditions hold, in their order.
func Select(presubmits []jobs.Presubmit, branch string, changes jobs.Changes, filter Filter) ([]jobs.Presubmit, error) {
	var selected []jobs.Presubmit
	for _, p := range presubmits {
		choice := filter(p)
		if !choice.Chosen {
			continue
		}
		run, err := p.ShouldRun(branch, changes, choice.Forced, choice.Default)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", p.Name, err)
		}
		if run {
			selected = append(selected, p)
		}
	}
	return selected, nil
}

// OnPush returns the postsubmits that run on a push to the branch.
func OnPush(postsubmits []jobs.Postsubmit, branch string, changes jobs.Changes) ([]jobs.Postsubmit, error) {
	var selected []jobs.Postsubmit
	for _, p := range postsubmits {
		run, err := p.ShouldRun(branch, changes)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", p.Name, err)
		}
		if run {
			selected = append(selected, p)
		}
	}
	return selected, nil
}
