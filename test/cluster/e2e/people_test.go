// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
	"github.com/cutwater-ci/cutwater/test/cluster/install"
)

// openPull has a member open a pull request, of a branch of that name.
func (w *world) openPull(t *testing.T, branch string) forge.Made {
	t.Helper()
	branch = fmt.Sprintf("%s-%d", branch, time.Now().UnixMilli()) // a cluster may see many tests
	made, err := w.forge.OpenPull(t.Context(), forge.Change{
		As: install.Member, Repo: github.Repo{Org: install.Org, Name: install.Repo},
		Title: branch, Branch: branch, Files: map[string]string{branch: branch},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// comment has a member comment, and returns the delivery that tells of it, once
// it has been answered.
func (w *world) comment(t *testing.T, pull github.Issue, body string) githubtest.Delivery {
	t.Helper()
	before := w.deliveries(t, "issue_comment")
	if _, err := w.forge.Comment(t.Context(), forge.Comment{As: install.Member, Issue: pull, Body: body}); err != nil {
		t.Fatal(err)
	}
	var told githubtest.Delivery
	await(t, "the answer to the webhook of "+body, func() string {
		for _, d := range w.deliveries(t, "issue_comment") {
			known := slices.ContainsFunc(before, func(b githubtest.Delivery) bool { return b.GUID == d.GUID })
			if !known && len(d.Attempts) > 0 {
				told = d
				return ""
			}
		}
		return "it was not sent"
	})
	return told
}

// deliveries are what the forge sent of an event.
func (w *world) deliveries(t *testing.T, event string) []githubtest.Delivery {
	t.Helper()
	all, err := w.forge.Deliveries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(d githubtest.Delivery) bool { return d.Event != event })
}

// started waits for the run of a job that a delivery started.
func (w *world) started(t *testing.T, guid, job string) *prowv1.ProwJob {
	t.Helper()
	var run *prowv1.ProwJob
	await(t, "the run of "+job, func() string {
		for _, pj := range w.runs(t, func(pj *prowv1.ProwJob) bool { return pj.Labels[prowv1.EventGUIDLabel] == guid && pj.Spec.Job == job }) {
			run = pj
			return ""
		}
		return "there is none"
	})
	return run
}

// green waits until a run's status on GitHub is success.
func (w *world) green(t *testing.T, run *prowv1.ProwJob, sha string) {
	t.Helper()
	repo := github.Repo{Org: run.Spec.Refs.Org, Name: run.Spec.Refs.Repo}
	await(t, "the status of "+run.Spec.Context, func() string {
		now, err := w.prowjobs.Get(run.Name)
		if err != nil {
			return err.Error()
		}
		combined, err := w.github.CombinedStatus(t.Context(), repo, sha)
		if err != nil {
			return err.Error()
		}
		for _, s := range combined.Statuses {
			if s.Context == run.Spec.Context {
				if s.State == "success" && s.TargetURL == now.Status.URL {
					return ""
				}
				return fmt.Sprintf("it is %s for %s; the run is %s: %s", s.State, s.TargetURL, now.Status.State, now.Status.Description)
			}
		}
		return fmt.Sprintf("there is none; the run is %s: %s", now.Status.State, now.Status.Description)
	})
}

// load has a member comment steadily until stop is called, which returns how
// many comments there were. What the nth comment is, and where, is next's.
func (w *world) load(t *testing.T, perSecond int, next func(n int) (github.Issue, string)) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var made int
	var failed error
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			pull, body := next(made)
			// The comment that is being made when it ends is made.
			if _, failed = w.forge.Comment(t.Context(), forge.Comment{As: install.Member, Issue: pull, Body: body}); failed != nil {
				return
			}
			made++
		}
	})
	return func() int {
		t.Helper()
		cancel()
		running.Wait()
		if failed != nil {
			t.Fatalf("comment %d: %v", made, failed)
		}
		return made
	}
}
