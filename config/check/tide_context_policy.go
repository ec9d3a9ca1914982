// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// tideContextPolicy finds branches whose contexts contradict each other. Which
// branches there are only GitHub knows; those that are named anywhere are
// looked at, and "master" of repositories of which none is.
func tideContextPolicy(in Input) []Finding {
	var found []Finding
	branches := in.namedBranches()
	for _, repo := range slices.Sorted(maps.Keys(branches)) {
		org, name, _ := strings.Cut(repo, "/")
		if name == "" || strings.Contains(name, "/") {
			continue // Of Gerrit.
		}
		names := sets.List(branches[repo])
		if len(names) == 0 {
			names = []string{"master"}
		}
		wrong := map[string][]string{}
		for _, branch := range names {
			_, err := in.Config.TideContextPolicy(org, name, branch, in.presubmits(repo))
			for _, message := range contradictions(err) {
				wrong[message] = append(wrong[message], branch)
			}
		}
		for _, message := range slices.Sorted(maps.Keys(wrong)) {
			at := wrong[message]
			place := in.contextPlace(org, name, at[0])
			found = append(found, place(fmt.Sprintf("contexts of %s on %s: %s", repo, strings.Join(at, ", "), message)))
		}
	}
	return found
}

// contradictions is what the error says, each by itself.
func contradictions(err error) []string {
	if err == nil {
		return nil
	}
	var fields *apis.FieldError
	if !errors.As(err, &fields) {
		return []string{err.Error()}
	}
	var messages []string
	for path, message := range document.FieldErrors(fields) {
		list, _, _ := strings.Cut(path, "[")
		messages = append(messages, list+": "+message)
	}
	return messages
}

// namedBranches are the branches that jobs, branch-protection and context_options name, by repo.
func (in Input) namedBranches() map[string]sets.Set[string] {
	c := in.Config
	named := map[string]sets.Set[string]{}
	add := func(repo string, branches ...string) {
		if named[repo] == nil {
			named[repo] = sets.New[string]()
		}
		named[repo].Insert(branches...)
	}
	for j := range in.jobs() {
		if j.Presubmit != nil {
			add(j.Repo, j.Presubmit.Branches...)
		}
	}
	for org, of := range c.BranchProtection.Orgs {
		for repo, of := range of.Repos {
			add(org+"/"+repo, slices.Collect(maps.Keys(of.Branches))...)
		}
	}
	for org, of := range c.Tide.ContextOptions.Orgs {
		for repo, of := range of.Repos {
			add(org+"/"+repo, slices.Collect(maps.Keys(of.Branches))...)
		}
	}
	return named
}

// contextPlace is where the contexts of a branch contradict each other: in
// context_options, if they do so alone, else the first job with such a context.
func (in Input) contextPlace(org, repo, branch string) func(string) Finding {
	c := in.Config
	policy := c.Tide.ContextOptions.For(org, repo, branch)
	options := func(message string) Finding {
		return inConfig(fmt.Sprintf("tide.context_options.orgs[%s].repos[%s].branches[%s]", org, repo, branch), "%s", message)
	}
	if policy.Validate() != nil {
		return options
	}
	all := in.presubmits(org + "/" + repo)
	for i := range all {
		// Without the job, would there be no contradiction?
		rest := slices.Delete(slices.Clone(all), i, i+1)
		if _, err := c.TideContextPolicy(org, repo, branch, rest); err == nil {
			j := job{jobs.Any{Repo: org + "/" + repo, Presubmit: &all[i]}, &all[i].JobBase}
			return func(message string) Finding { return j.finding("context", "%s", message) }
		}
	}
	return options
}
