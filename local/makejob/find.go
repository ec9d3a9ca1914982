// SPDX-License-Identifier: Apache-2.0

// Package makejob makes the ProwJob and the pod of a configured job for
// somebody who asks for it, as hook, tide and horologium make them for an
// event: the same links, labels and defaults.
//
// Started by `cutwater job`, pod and run. Changes nothing; it reads a
// live pull request where it may. Config: the job files. In Prow: mkpj and mkpod.
package makejob

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// Query says which job is meant.
type Query struct {
	// Name is the job's name.
	Name string
	// Repo is its "org/repo"; empty where the name is enough.
	Repo string
	// Type is its type; empty where the name is enough. A batch is of a presubmit.
	Type prowv1.ProwJobType
}

func (q Query) check() error {
	switch q.Type {
	case "", prowv1.PresubmitJob, prowv1.PostsubmitJob, prowv1.PeriodicJob, prowv1.BatchJob:
	default:
		return fmt.Errorf("--type %q: want presubmit, postsubmit, periodic or batch", q.Type)
	}
	if q.Name == "" {
		return errors.New("which job? give its name")
	}
	return nil
}

func (q Query) matches(j jobs.Any) bool {
	want := q.Type
	if want == prowv1.BatchJob {
		want = prowv1.PresubmitJob
	}
	return (want == "" || want == j.Type()) && (q.Repo == "" || q.Repo == j.Repo) && q.Name == j.Base().Name
}

// Find returns the jobs that may be meant: one, or some of one type and repo
// that run on different branches, which Choose tells apart.
func Find(all *jobs.Jobs, q Query) ([]jobs.Any, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	var found []jobs.Any
	for j := range all.All() {
		if q.matches(j) {
			found = append(found, j)
		}
	}
	if len(found) == 0 {
		return nil, q.notFound(all)
	}
	for _, j := range found[1:] {
		if j.Of() != found[0].Of() {
			return nil, ambiguous(q.Name, found, "say which with --repo or --type")
		}
	}
	return found, nil
}

// Choose returns the job that runs on the branch. A job that is alone is
// returned even if it does not.
func Choose(found []jobs.Any, branch string) (jobs.Any, error) {
	if len(found) == 1 {
		return found[0], nil
	}
	var running []jobs.Any
	for _, j := range found {
		if j.CouldRun(branch) {
			running = append(running, j)
		}
	}
	name := found[0].Base().Name
	switch {
	case branch == "":
		return jobs.Any{}, ambiguous(name, found, "say which with --base-ref")
	case len(running) == 1:
		return running[0], nil
	case len(running) == 0:
		return jobs.Any{}, ambiguous(name, found, fmt.Sprintf("none runs on the branch %q; give another --base-ref", branch))
	}
	return jobs.Any{}, ambiguous(name, running, fmt.Sprintf("all run on the branch %q; give another --base-ref", branch))
}

// ambiguous is the error of a name that several jobs have.
func ambiguous(name string, found []jobs.Any, advice string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d jobs are called %q; %s:", len(found), name, advice)
	for _, j := range found {
		fmt.Fprintf(&b, "\n  %s (%v)", j.Of(), j.Base().Source)
	}
	return errors.New(b.String())
}

// NotFoundError says that no job is the one that is asked for.
type NotFoundError struct{ message string }

func (e *NotFoundError) Error() string { return e.message }

func (q Query) notFound(all *jobs.Jobs) error {
	what := "job"
	if q.Type != "" {
		what = string(q.Type)
	}
	if q.Repo != "" {
		what += " of " + q.Repo
	}
	var names, elsewhere []string
	for j := range all.All() {
		names = append(names, j.Base().Name)
		if j.Base().Name == q.Name {
			elsewhere = append(elsewhere, j.Of())
		}
	}
	message := fmt.Sprintf("no %s is called %q", what, q.Name)
	if len(elsewhere) > 0 {
		message += "; there is a " + strings.Join(slices.Compact(elsewhere), ", a ")
	} else if like := document.Closest(q.Name, names); like != "" {
		message += fmt.Sprintf("; did you mean %q?", like)
	}
	return &NotFoundError{message}
}
