// SPDX-License-Identifier: Apache-2.0

package github_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

var repo = github.Repo{Org: "org", Name: "repo"}

// world is a GitHub with the repository org/repo, its bot ci-robot, the member
// ann, and stranger.
func world(t *testing.T) *githubtest.Server {
	t.Helper()
	s := githubtest.Start(t, githubtest.Options{})
	files := map[string]string{"README.md": "hello\n", "docs/a b.md": "a\n", "big.txt": strings.Repeat("0123456789abcdef\n", 1<<17)}
	if err := s.CreateRepo(t.Context(), repo, githubtest.RepoOptions{Files: files}); err != nil {
		t.Fatal(err)
	}
	s.AddMember("org", "ann")
	s.AddUser("stranger")
	s.AddOwner("org", "ci-robot")
	return s
}

// clientAs returns a client of the server with a token of the login.
func clientAs(t *testing.T, s *githubtest.Server, login string, change ...func(*github.Options)) *github.Client {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(s.Token(login)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := github.Options{Endpoint: s.URL(), Host: s.URL(), TokenFile: token, Retry: github.Retry{Delay: time.Millisecond}}
	for _, f := range change {
		f(&o)
	}
	c, err := github.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openPull opens a pull of one file by the stranger.
func openPull(t *testing.T, s *githubtest.Server) github.Issue {
	t.Helper()
	pull, err := s.OpenPull(t.Context(), repo, githubtest.PullOptions{
		As: "stranger", Title: "Add a feature", Body: "Please.", Branch: "feature",
		Commit: githubtest.Commit{Message: "Feature", Files: map[string]string{"feature.txt": "one\ntwo\n"}, Remove: []string{"docs/a b.md"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pull
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestReadPull(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()

	pull := must[*github.Pull](t)(c.Pull(ctx, name))
	mergeable := true
	want := &github.Pull{
		Org: "org", Repo: "repo", Number: 1, Title: "Add a feature", Body: "Please.", State: "open",
		HTMLURL: s.URL() + "/org/repo/pull/1", NodeID: pull.NodeID, Author: s.AddUser("stranger"),
		Mergeable: &mergeable, MergeCommitSHA: pull.MergeCommitSHA, CreatedAt: pull.CreatedAt, UpdatedAt: pull.UpdatedAt,
		Base: github.Branch{Ref: "main", SHA: s.Head(repo, "main"), Repo: repo, RepoHTMLURL: s.URL() + "/org/repo"},
		Head: github.Branch{
			Ref: "feature", SHA: s.Head(github.Repo{Org: "stranger", Name: "repo"}, "feature"),
			Repo: github.Repo{Org: "stranger", Name: "repo"}, RepoHTMLURL: s.URL() + "/stranger/repo",
		},
	}
	diff(t, "pull", pull, want)
	if pull.NodeID == "" || pull.MergeCommitSHA == "" || time.Since(pull.CreatedAt) > time.Minute {
		t.Errorf("pull lacks node id, merge commit or time: %+v", pull)
	}
	diff(t, "seen by the server", must[*github.Pull](t)(s.Pull(ctx, name)), want)

	diff(t, "files", must[[]github.File](t)(c.PullFiles(ctx, name)), []github.File{
		{Name: "docs/a b.md", Status: "removed", Patch: "@@ -1 +0,0 @@\n-a", Deletions: 1},
		{Name: "feature.txt", Status: "added", Patch: "@@ -0,0 +1,2 @@\n+one\n+two", Additions: 2},
	})
	commits := must[[]github.Commit](t)(c.PullCommits(ctx, name))
	if len(commits) != 1 || commits[0].SHA != pull.Head.SHA || commits[0].Message != "Feature" || commits[0].Author.Login != "stranger" {
		t.Errorf("commits = %+v", commits)
	}
	open := must[[]github.Pull](t)(c.OpenPulls(ctx, repo))
	if len(open) != 1 || open[0].Head.SHA != pull.Head.SHA {
		t.Errorf("open pulls = %+v", open)
	}
	details := must[*github.IssueDetails](t)(c.Issue(ctx, name))
	if !details.IsPull || details.Title != "Add a feature" || details.Author.Login != "stranger" {
		t.Errorf("issue = %+v", details)
	}
	if _, err := c.Pull(ctx, repo.Issue(99)); !github.IsNotFound(err) || !strings.Contains(err.Error(), "org/repo#99") {
		t.Errorf("a pull that is not there: %v", err)
	}
}

func TestLabels(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	labels := []string{"do-not-merge/hold", "help wanted", "100%?", "needs-ok-to-test"}
	for _, label := range append(labels, "needs-OK-to-test") { // the same label again
		if err := c.AddLabel(ctx, name, label); err != nil {
			t.Fatal(err)
		}
	}
	got := must[github.Labels](t)(c.Labels(ctx, name))
	diff(t, "labels", got, github.Labels(labels))
	if !got.Has("Do-Not-Merge/Hold") || got.Has("hold") {
		t.Error("labels ignore case and nothing else")
	}
	for _, label := range []string{"do-not-merge/hold", "100%?", "was never there"} {
		if err := c.RemoveLabel(ctx, name, label); err != nil {
			t.Error(err)
		}
	}
	diff(t, "labels left", s.Labels(name), github.Labels{"help wanted", "needs-ok-to-test"})
	diff(t, "labels of the repository", must[github.Labels](t)(c.RepoLabels(ctx, repo)), github.Labels(labels))
	if err := c.RemoveLabel(ctx, repo.Issue(99), "x"); !github.IsNotFound(err) {
		t.Errorf("removing from no issue: %v", err)
	}
	if err := clientAs(t, s, "stranger").AddLabel(ctx, name, "lgtm"); !github.IsForbidden(err) {
		t.Errorf("a stranger sets labels: %v", err)
	}
	requests := s.Requests()
	i := slices.IndexFunc(requests, func(r githubtest.Request) bool { return r.Method == "POST" })
	diff(t, "wire", []string{requests[i].Path, strings.TrimSpace(requests[i].Body)},
		[]string{"/repos/org/repo/issues/1/labels", `["do-not-merge/hold"]`})
}

func TestStatuses(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	sha := must[*github.Pull](t)(s.Pull(ctx, name)).Head.SHA
	for _, state := range []string{github.StatusPending, github.StatusSuccess} {
		if err := c.CreateStatus(ctx, repo, sha, github.Status{Context: "unit", State: state, Description: "d", TargetURL: "https://prow.test/1"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreateStatus(ctx, repo, sha, github.Status{Context: "lint", State: github.StatusError}); err != nil {
		t.Fatal(err)
	}
	want := github.CombinedStatus{SHA: sha, State: github.StatusFailure, Statuses: []github.Status{
		{Context: "lint", State: github.StatusError},
		{Context: "unit", State: github.StatusSuccess, Description: "d", TargetURL: "https://prow.test/1"},
	}}
	diff(t, "combined", must[github.CombinedStatus](t)(c.CombinedStatus(ctx, repo, sha)), want)
	diff(t, "as the server sees it", s.CombinedStatus(repo, sha), want)
	if got := len(s.Statuses(repo, sha)); got != 3 {
		t.Errorf("%d statuses in the history, want 3", got)
	}
	if err := c.CreateStatus(ctx, repo, strings.Repeat("0", 40), github.Status{Context: "unit", State: "success"}); !github.IsNoCommit(err) {
		t.Errorf("a status of no commit: %v", err)
	}
	if err := clientAs(t, s, "stranger").CreateStatus(ctx, repo, sha, github.Status{Context: "unit", State: "success"}); !github.IsNotFound(err) {
		t.Errorf("a stranger sets a status: %v", err)
	}
	for range 998 {
		if err := s.CreateStatus(ctx, "ci-robot", repo, sha, github.Status{Context: "unit", State: github.StatusPending}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreateStatus(ctx, repo, sha, github.Status{Context: "unit", State: "success"}); !github.IsTooManyStatuses(err) {
		t.Errorf("one status too many: %v", err)
	}
}

func TestPeople(t *testing.T) {
	s := world(t)
	s.AddTeam("org", "Milestone Masters", "ann", "bob")
	if err := s.AddCollaborator(repo, "outsider", "push"); err != nil {
		t.Fatal(err)
	}
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	type answers struct{ Member, Collaborator bool }
	got := map[string]answers{}
	for _, login := range []string{"ann", "ANN", "bob", "outsider", "stranger", "no-body"} {
		got[login] = answers{must[bool](t)(c.IsMember(ctx, "org", login)), must[bool](t)(c.IsCollaborator(ctx, repo, login))}
	}
	diff(t, "people", got, map[string]answers{
		"ann": {true, true}, "ANN": {true, true}, "bob": {true, true}, "outsider": {false, true}, "stranger": {}, "no-body": {},
	})
	s.Requests()
	if !must[bool](t)(c.IsMember(ctx, "ann", "Ann")) || !must[bool](t)(c.IsCollaborator(ctx, github.Repo{Org: "ann", Name: "x"}, "Ann")) {
		t.Error("ann is no member of her own repositories")
	}
	diff(t, "requests about oneself", len(s.Requests()), 0)
	if !must[bool](t)(clientAs(t, s, "stranger").IsMember(ctx, "org", "ann")) {
		t.Error("a stranger does not see a public member")
	}
	diff(t, "permission", must[string](t)(c.Permission(ctx, repo, "outsider")), "write")
	teams := must[[]github.Team](t)(c.Teams(ctx, "org"))
	diff(t, "team", must[*github.Team](t)(c.Team(ctx, "org", "milestone-masters")), &teams[0])
	members := must[[]github.User](t)(c.TeamMembers(ctx, "org", "milestone-masters"))
	diff(t, "members", []string{members[0].Login, members[1].Login}, []string{"ann", "bob"})
	diff(t, "bot", must[github.User](t)(c.BotUser(ctx)), s.AddUser("ci-robot"))
	details := must[*github.Repository](t)(c.Repository(ctx, repo))
	diff(t, "repository", details, &github.Repository{
		Repo: repo, DefaultBranch: "main", HTMLURL: s.URL() + "/org/repo", CloneURL: s.URL() + "/org/repo.git",
	})
}

func TestContents(t *testing.T) {
	s := world(t)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	main := must[string](t)(c.Ref(ctx, repo, "heads/main"))
	diff(t, "ref", main, s.Head(repo, "main"))
	diff(t, "file", string(must[[]byte](t)(c.Contents(ctx, repo, "README.md", ""))), "hello\n")
	diff(t, "file in a folder", string(must[[]byte](t)(c.Contents(ctx, repo, "docs/a b.md", main))), "a\n")
	if got := must[[]byte](t)(c.Contents(ctx, repo, "big.txt", "main")); len(got) != 17<<17 {
		t.Errorf("the big file has %d bytes", len(got))
	}
	if _, err := c.Contents(ctx, repo, "docs", ""); err == nil || github.IsNotFound(err) {
		t.Errorf("a folder as a file: %v", err)
	}
	for _, args := range [][2]string{{"nothing", ""}, {"README.md", "no-branch"}} {
		if _, err := c.Contents(ctx, repo, args[0], args[1]); !github.IsNotFound(err) {
			t.Errorf("contents of %v: %v", args, err)
		}
	}
	if _, err := c.Ref(ctx, repo, "heads/none"); !github.IsNotFound(err) {
		t.Errorf("a ref that is not there: %v", err)
	}
}

func TestReviewsAndChecks(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	sha := must[*github.Pull](t)(s.Pull(ctx, name)).Head.SHA
	if err := s.Review(ctx, "ann", name, "APPROVED", "/lgtm"); err != nil {
		t.Fatal(err)
	}
	if err := s.ReviewComment("ann", name, "feature.txt", "nice"); err != nil {
		t.Fatal(err)
	}
	reviews := must[[]github.Review](t)(c.Reviews(ctx, name))
	if len(reviews) != 2 || reviews[0].State != "APPROVED" || reviews[0].Body != "/lgtm" || reviews[0].CommitSHA != sha {
		t.Errorf("reviews = %+v", reviews)
	}
	comments := must[[]github.ReviewComment](t)(c.ReviewComments(ctx, name))
	if len(comments) != 1 || comments[0].Path != "feature.txt" || comments[0].ReviewID != reviews[1].ID {
		t.Errorf("review comments = %+v", comments)
	}
	check := github.CheckRun{Name: "build", Status: "completed", Conclusion: "failure", HeadSHA: sha, HTMLURL: "https://ci.test/1", AppSlug: "ci"}
	if err := s.AddCheckRun(repo, check); err != nil {
		t.Fatal(err)
	}
	checks := must[[]github.CheckRun](t)(c.CheckRuns(ctx, repo, sha))
	check.ID = checks[0].ID
	diff(t, "checks", checks, []github.CheckRun{check})
}

func TestWorkflowRuns(t *testing.T) {
	s := world(t)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	sha := s.Head(repo, "main")
	failed := must[int64](t)(s.AddWorkflowRun(repo, github.WorkflowRun{Name: "ci", HeadSHA: sha, HeadBranch: "main", Event: "pull_request", Status: "completed", Conclusion: "failure"}))
	waiting := must[int64](t)(s.AddWorkflowRun(repo, github.WorkflowRun{Name: "ci", HeadSHA: sha, HeadBranch: "main", Event: "pull_request", Status: "completed", Conclusion: "action_required"}))
	runs := must[[]github.WorkflowRun](t)(c.WorkflowRuns(ctx, repo, github.WorkflowFilter{HeadSHA: sha, Status: "action_required"}))
	if len(runs) != 1 || runs[0].ID != waiting {
		t.Errorf("waiting runs = %+v", runs)
	}
	if err := c.ApproveWorkflowRun(ctx, repo, waiting); err != nil {
		t.Error(err)
	}
	if err := c.RerunFailedJobs(ctx, repo, failed); err != nil {
		t.Error(err)
	}
	for _, id := range []int64{failed, waiting} {
		if run, attempts := s.WorkflowRun(repo, id); run.Status != "queued" || attempts != 2 {
			t.Errorf("run %d: %+v, %d attempts", id, run, attempts)
		}
	}
	if err := c.RerunFailedJobs(ctx, repo, failed); !github.IsForbidden(err) {
		t.Errorf("running a running one again: %v", err)
	}
	if err := c.RerunWorkflow(ctx, repo, 1); !github.IsNotFound(err) {
		t.Errorf("running none again: %v", err)
	}
}

func TestMergeAndSearch(t *testing.T) {
	s := world(t)
	name := openPull(t, s)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	if n := must[int](t)(c.CountIssues(ctx, "org", "is:pr repo:org/repo author:stranger is:merged")); n != 0 {
		t.Errorf("%d merged pulls before the merge", n)
	}
	if _, err := c.MergePull(ctx, name, github.Merge{SHA: strings.Repeat("1", 40)}); err == nil {
		t.Error("merged although the head is another")
	}
	sha := must[string](t)(c.MergePull(ctx, name, github.Merge{Method: "squash"}))
	if s.Head(repo, "main") != sha {
		t.Errorf("main is at %s, want %s", s.Head(repo, "main"), sha)
	}
	diff(t, "merged file", string(must[[]byte](t)(c.Contents(ctx, repo, "feature.txt", "main"))), "one\ntwo\n")
	pull := must[*github.Pull](t)(c.Pull(ctx, name))
	if !pull.Merged || pull.State != "closed" || pull.MergeCommitSHA != sha {
		t.Errorf("pull = %+v", pull)
	}
	if n := must[int](t)(c.CountIssues(ctx, "org", "is:pr repo:org/repo author:stranger is:merged")); n != 1 {
		t.Errorf("%d merged pulls, want 1", n)
	}
	found := must[[]github.IssueDetails](t)(c.SearchIssues(ctx, "org", `feature repo:org/repo`))
	if len(found) != 1 || found[0].Number != 1 || found[0].Org != "org" || !found[0].IsPull {
		t.Errorf("found %+v", found)
	}
}

func TestOpenAndCloseAsUser(t *testing.T) {
	s := world(t)
	c := clientAs(t, s, "ci-robot")
	ctx := t.Context()
	if _, err := s.Push(ctx, "ci-robot", repo, githubtest.Commit{Branch: "topic", Files: map[string]string{"x": "y"}}); err != nil {
		t.Fatal(err)
	}
	pull := must[*github.Pull](t)(c.CreatePull(ctx, repo, github.NewPull{Title: "T", Body: "B", Base: "main", Head: "topic", Draft: true}))
	if !pull.Draft || pull.Author.Login != "ci-robot" {
		t.Errorf("pull = %+v", pull)
	}
	if err := c.CloseIssue(ctx, pull.Issue()); err != nil {
		t.Error(err)
	}
	if err := c.ReopenIssue(ctx, pull.Issue()); err != nil {
		t.Error(err)
	}
	if _, err := c.CreatePull(ctx, repo, github.NewPull{Title: "T", Base: "main", Head: "topic"}); !github.IsInvalid(err) {
		t.Errorf("the same pull again: %v", err)
	}
	if err := clientAs(t, s, "stranger").CloseIssue(ctx, pull.Issue()); !github.IsForbidden(err) {
		t.Errorf("a stranger closes: %v", err)
	}
}
