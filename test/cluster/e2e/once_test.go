// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

// check waits until all is done, and wants every delivery in the ledger, one run
// with one pod for each call for it, one answer to each call for help, and the
// right status on every pull.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	c.settled(t)
	asks := c.checkLedger(t)
	c.checkRuns(t, asks)
	for _, pull := range c.pulls {
		c.checkStatus(t, pull)
		c.checkAnswers(t, pull)
	}
}

// checkLedger wants every plugin to be done with every delivery, and returns
// which deliveries ask for a run.
func (c *crowd) checkLedger(t *testing.T) (asks map[string]bool) {
	t.Helper()
	asks = map[string]bool{}
	var mu sync.Mutex // guards asks
	var group errgroup.Group
	group.SetLimit(8)
	all := c.deliveries(t)
	attempts, refused, refusals := 0, 0, map[string]int{}
	for _, d := range all {
		attempts += len(d.Attempts)
		for _, a := range d.Attempts {
			if a.Status < 200 || a.Status > 299 {
				refused++
				refusals[fmt.Sprintf("%d %.80q %s", a.Status, a.Body, a.Error)]++
			}
		}
		group.Go(func() error {
			asked := c.checkDelivery(t, d.GUID)
			mu.Lock()
			defer mu.Unlock()
			asks[d.GUID] = asked
			return nil
		})
	}
	_ = group.Wait() // the errors are the test's
	for refusal, times := range refusals {
		t.Logf("answered %d times: %s", times, refusal)
	}
	total := 0
	for _, asked := range asks {
		if asked {
			total++
		}
	}
	if total != c.tests+len(c.pulls) {
		t.Errorf("%d deliveries ask for a run, want %d of comments and %d of pulls", total, c.tests, len(c.pulls))
	}
	c.figures.note(t, c.name+": deliveries", fmt.Sprintf("%d, sent %d times", len(all), attempts), "")
	c.figures.note(t, c.name+": webhooks that were not answered with success", fmt.Sprint(refused), "")
	return asks
}

func (c *crowd) checkDelivery(t *testing.T, guid string) (asksForRun bool) {
	t.Helper()
	delivery, err := c.box.Get(t.Context(), guid)
	if err != nil {
		t.Errorf("delivery %s: %v", guid, err)
		return false
	}
	entries, err := c.box.Entries(t.Context(), guid)
	if err != nil {
		t.Errorf("the ledger of delivery %s: %v", guid, err)
	}
	entry, ok := entries["plugins"]
	if !ok {
		t.Errorf("delivery %s (%s) is not in the ledger of plugins", guid, delivery.Event)
	}
	for plugin, outcome := range entry.Plugins {
		if outcome.State != inbox.StateDone && outcome.State != inbox.StateNothing {
			t.Errorf("delivery %s: %s ended as %s: %s", guid, plugin, outcome.State, outcome.Error)
		}
	}
	var payload struct {
		Action  string
		Comment struct{ Body string }
	}
	if err := json.Unmarshal(delivery.Body, &payload); err != nil {
		t.Errorf("the body of delivery %s: %v", guid, err)
	}
	return delivery.Event == "pull_request" && payload.Action == "opened" ||
		delivery.Event == "issue_comment" && payload.Action == "created" && payload.Comment.Body == testUnit
}

// checkRuns wants one run for each delivery that asks for one. A newer run ends
// an older one of the same commit; all others succeed, in one pod, or in one more
// for each time that the node forgot how a pod ended.
func (c *crowd) checkRuns(t *testing.T, asks map[string]bool) {
	t.Helper()
	pods := map[string]int{}
	for _, pod := range c.pods.in(jobs) {
		pods[pod.pod.Name]++
	}
	got, states, revived := map[string]int{}, map[prowv1.ProwJobState]int{}, 0
	for _, run := range c.runs(t, func(*prowv1.ProwJob) bool { return true }) {
		guid := run.Labels[prowv1.EventGUIDLabel]
		if _, ours := asks[guid]; !ours {
			continue
		}
		got[guid]++
		states[run.Status.State]++
		revived += run.Status.PodRevivalCount
		switch n, most := pods[run.Name], 1+run.Status.PodRevivalCount; {
		case run.Status.State == prowv1.SuccessState && n >= 1 && n <= most, run.Status.State == prowv1.AbortedState && n <= most:
		default:
			t.Errorf("run %s of delivery %s is %s, with %d pods: %s", run.Name, guid, run.Status.State, n, run.Status.Description)
		}
	}
	c.figures.note(t, c.name+": runs", fmt.Sprintf("%d succeeded, %d gave way to a newer one; %d more pods",
		states[prowv1.SuccessState], states[prowv1.AbortedState], revived), "")
	for guid, asked := range asks {
		if want := map[bool]int{true: 1}[asked]; got[guid] != want {
			t.Errorf("delivery %s caused %d runs, want %d", guid, got[guid], want)
		}
	}
}

// checkStatus wants the pull to be green, by a run of its own.
func (c *crowd) checkStatus(t *testing.T, pull forge.Made) {
	t.Helper()
	combined, err := c.github.CombinedStatus(t.Context(), pull.Pull.Repository(), pull.SHA)
	if err != nil {
		t.Fatal(err)
	}
	if len(combined.Statuses) != 1 {
		t.Errorf("%v has statuses %+v, want one", pull.Pull, combined.Statuses)
		return
	}
	status := combined.Statuses[0]
	of := c.runs(t, func(run *prowv1.ProwJob) bool {
		return run.Status.URL == status.TargetURL && run.Spec.Refs != nil && len(run.Spec.Refs.Pulls) == 1 && run.Spec.Refs.Pulls[0].Number == pull.Pull.Number
	})
	if status.State != "success" || status.Context != "unit" || len(of) != 1 || of[0].Status.State != prowv1.SuccessState {
		t.Errorf("%v has status %+v of runs %v, want success of unit by one run", pull.Pull, status, of)
	}
}

// checkAnswers wants no answer twice, and no more than were asked for. Fewer may
// be left: a later call for the job takes older help back.
func (c *crowd) checkAnswers(t *testing.T, pull forge.Made) {
	t.Helper()
	comments, err := c.github.Comments(t.Context(), pull.Pull)
	if err != nil {
		t.Fatal(err)
	}
	answers, seen := 0, map[string]int{}
	for _, comment := range comments {
		if comment.Author.Login != forge.Bot {
			continue
		}
		answers++
		if seen[comment.Body]++; seen[comment.Body] > 1 {
			t.Errorf("%v: said %d times: %s", pull.Pull, seen[comment.Body], comment.Body)
		}
	}
	if answers > c.help[pull.Pull.Number] {
		t.Errorf("%v: %d answers to %d calls for help", pull.Pull, answers, c.help[pull.Pull.Number])
	}
}
