// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"fmt"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// TestPages reads lists that take three pages, each of them whole and in order.
func TestPages(t *testing.T) {
	const many = 201
	s := world(t)
	ctx := t.Context()
	files := map[string]string{}
	for i := range many {
		files[fmt.Sprintf("%03d", i)] = "x"
	}
	pull := must[github.Issue](t)(s.OpenPull(ctx, repo, githubtest.PullOptions{As: "ann", Title: "T", Commit: githubtest.Commit{Files: files}}))
	sha := must[*github.Pull](t)(s.Pull(ctx, pull)).Head.SHA
	for i := range many {
		name := fmt.Sprintf("%03d", i)
		if err := s.CreateStatus(ctx, "ci-robot", repo, sha, github.Status{Context: name, State: github.StatusPending}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddLabel(ctx, "ci-robot", pull, name); err != nil {
			t.Fatal(err)
		}
		if err := s.AddCheckRun(repo, github.CheckRun{Name: name, Status: "queued", HeadSHA: sha}); err != nil {
			t.Fatal(err)
		}
		must[github.Issue](t)(s.OpenIssue(ctx, "ann", repo, name, ""))
	}
	c := clientAs(t, s, "ci-robot")
	got := map[string][]string{}
	for _, status := range must[github.CombinedStatus](t)(c.CombinedStatus(ctx, repo, sha)).Statuses {
		got["statuses"] = append([]string{status.Context}, got["statuses"]...) // the newest comes first
	}
	got["labels"] = must[github.Labels](t)(c.Labels(ctx, pull))
	for _, run := range must[[]github.CheckRun](t)(c.CheckRuns(ctx, repo, sha)) {
		got["check runs"] = append(got["check runs"], run.Name)
	}
	for _, file := range must[[]github.File](t)(c.PullFiles(ctx, pull)) {
		got["files"] = append(got["files"], file.Name)
	}
	for _, issue := range must[[]github.IssueDetails](t)(c.SearchIssues(ctx, "org", "repo:org/repo is:issue")) {
		got["found issues"] = append(got["found issues"], issue.Title)
	}
	var want []string
	for i := range many {
		want = append(want, fmt.Sprintf("%03d", i))
	}
	for _, list := range []string{"statuses", "labels", "check runs", "files", "found issues"} {
		diff(t, list, got[list], want)
	}
}
