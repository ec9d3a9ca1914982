// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// tideLine is a line of tide.jsonl.gz.
type tideLine struct {
	Kind string

	// Of a query.
	Index      int
	OrgQueries map[string]string `json:"org_queries"`
	Words      []string          `json:"query_parts_sorted"`

	// Of a repo.
	Repo              string
	MergeMethod       config.MergeMethod `json:"merge_method"`
	BatchSize         int                `json:"batch_size_limit"`
	PrioritizeBatches bool               `json:"prioritize_existing_batches"`

	// Of a branch.
	Branch        string
	Protection    json.RawMessage     `json:"branch_protection"`
	Requirements  *goldenRequirements `json:"branch_requirements"`
	ContextPolicy json.RawMessage     `json:"context_policy"`
}

type goldenRequirements struct {
	Required          []string
	RequiredIfPresent []string `json:"required_if_present"`
	Optional          []string
}

// TestTideGolden compares searches, merge methods, branch protection and context policies with Prow's.
func TestTideGolden(t *testing.T) {
	for _, dir := range goldenConfigs(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c, err := config.Load(context.Background(), goldenFiles(dir))
			if err != nil {
				t.Fatal(err)
			}
			compared := map[string]int{}
			goldens.Lines(t, filepath.Join(dir, "tide.jsonl.gz"), func(want tideLine) {
				compared[want.Kind]++
				switch want.Kind {
				case "query":
					compareQuery(t, c, want)
				case "merge_method":
					compareRepo(t, c, want)
				case "branch":
					compareBranch(t, c, want)
				default:
					t.Errorf("a line of an unknown kind, %s", want.Kind)
				}
			})
			if compared["query"] != len(c.Tide.Queries) {
				t.Errorf("%d queries, want %d", len(c.Tide.Queries), compared["query"])
			}
			t.Logf("compared %v", compared)
		})
	}
}

func compareQuery(t *testing.T, c *config.Config, want tideLine) {
	t.Helper()
	if want.Index >= len(c.Tide.Queries) {
		t.Errorf("there is no query %d", want.Index)
		return
	}
	q := c.Tide.Queries[want.Index]
	if diff := cmp.Diff(want.OrgQueries, q.Searches()); diff != "" {
		t.Errorf("query %d (-want +got):\n%s", want.Index, diff)
	}
	// Words in quotes may have spaces, and are split there on both sides alike.
	if got, words := strings.Split(q.Search(), " "), strings.Split(strings.Join(want.Words, " "), " "); cmp.Diff(sorted(words), sorted(got)) != "" {
		t.Errorf("query %d is %q, want the words %q", want.Index, q.Search(), want.Words)
	}
}

func sorted(words []string) []string { return slices.Sorted(slices.Values(words)) }

// orgAndRepo splits the name of a repo; the org of Gerrit's is the instance.
func orgAndRepo(name string) (org, repo string) {
	scheme, rest := "", name
	if i := strings.Index(name, "://"); i >= 0 {
		scheme, rest = name[:i+3], name[i+3:]
	}
	org, repo, _ = strings.Cut(rest, "/")
	return scheme + org, repo
}

func compareRepo(t *testing.T, c *config.Config, want tideLine) {
	t.Helper()
	org, repo := orgAndRepo(want.Repo)
	got := tideLine{
		Kind: want.Kind, Repo: want.Repo, MergeMethod: c.Tide.MergeMethod.For(org, repo, ""),
		BatchSize: c.Tide.BatchSizeFor(org, repo), PrioritizeBatches: c.Tide.PrioritizesBatches(org, repo),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", want.Repo, diff)
	}
}

func compareBranch(t *testing.T, c *config.Config, want tideLine) {
	t.Helper()
	org, repo := orgAndRepo(want.Repo)
	presubmits := c.Presubmits(want.Repo)
	name := want.Repo + "@" + want.Branch
	if got := c.Tide.MergeMethod.For(org, repo, want.Branch); got != want.MergeMethod {
		t.Errorf("%s is merged by %s, want %s", name, got, want.MergeMethod)
	}
	protection, err := c.ProtectionFor(org, repo, want.Branch, presubmits)
	if err != nil && string(want.Protection) != "null" { // An error of Prow's is null as well.
		t.Errorf("%s: %v", name, err)
	}
	if diff := diffJSON(t, want.Protection, protection); diff != "" {
		t.Errorf("%s: protection (-want +got):\n%s", name, diff)
	}
	requirements := goldenRequirements(config.RequirementsOf(want.Branch, presubmits, false))
	if diff := cmp.Diff(want.Requirements, &requirements, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: requirements (-want +got):\n%s", name, diff)
	}
	policy, err := c.TideContextPolicy(org, repo, want.Branch, presubmits)
	switch {
	case want.ContextPolicy == nil && c.InRepoEnabled(want.Repo):
		return // Prow asks the repository for more jobs, which the goldens do not have.
	case want.ContextPolicy == nil && err == nil:
		t.Errorf("%s: got a context policy, but Prow has none", name)
		return
	case want.ContextPolicy == nil:
		return
	case err != nil:
		t.Errorf("%s: %v", name, err)
		return
	}
	if diff := diffJSON(t, want.ContextPolicy, policy); diff != "" {
		t.Errorf("%s: context policy (-want +got):\n%s", name, diff)
	}
}

// diffJSON compares a value with JSON.
func diffJSON(t *testing.T, want json.RawMessage, got any) string {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var wanted, given any
	if err := json.Unmarshal(want, &wanted); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &given); err != nil {
		t.Fatal(err)
	}
	return cmp.Diff(wanted, given)
}
