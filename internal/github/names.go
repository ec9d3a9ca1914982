// SPDX-License-Identifier: Apache-2.0

package github

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Repo names a repository.
type Repo struct{ Org, Name string }

// String returns "org/name".
func (r Repo) String() string { return r.Org + "/" + r.Name }

// Issue returns the issue or pull of r with the number.
func (r Repo) Issue(number int) Issue {
	return Issue{Org: r.Org, Repo: r.Name, Number: number}
}

// ParseRepo reads "org/name".
func ParseRepo(s string) (Repo, error) {
	org, name, ok := strings.Cut(s, "/")
	if !ok || org == "" || name == "" || strings.Contains(name, "/") {
		return Repo{}, fmt.Errorf("%q is not of the form org/repo", s)
	}
	return Repo{Org: org, Name: name}, nil
}

// Issue names an issue or a pull; on GitHub both share one row of numbers.
type Issue struct {
	Org, Repo string
	Number    int
}

// String returns "org/repo#number".
func (i Issue) String() string { return fmt.Sprintf("%s/%s#%d", i.Org, i.Repo, i.Number) }

// Repository returns the repository the issue is in.
func (i Issue) Repository() Repo { return Repo{Org: i.Org, Name: i.Repo} }

// User is a person, an app's bot, or an organization.
type User struct {
	Login   string
	Type    string // "User", "Bot" or "Organization"
	HTMLURL string
	ID      int64
}

// Labels are the names of an issue's labels.
type Labels []string

// Has reports whether the label is among l. GitHub's labels ignore case.
func (l Labels) Has(label string) bool {
	return slices.ContainsFunc(l, func(have string) bool { return strings.EqualFold(have, label) })
}

// Branch is one end of a pull.
type Branch struct {
	Ref         string // without refs/heads/
	SHA         string
	Repo        Repo // zero when the fork is gone
	RepoHTMLURL string
}

// Pull is a pull request.
type Pull struct {
	Org, Repo      string
	Number         int
	Title, Body    string
	State          string // "open" or "closed"
	HTMLURL        string
	NodeID         string
	Author         User
	Draft, Merged  bool
	Mergeable      *bool // nil while GitHub computes it
	MergeCommitSHA string
	Labels         Labels
	Base, Head     Branch
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Issue returns the name of the pull.
func (p *Pull) Issue() Issue { return Issue{Org: p.Org, Repo: p.Repo, Number: p.Number} }

// Comment is a comment on an issue or pull.
type Comment struct {
	ID                   int64
	Body, HTMLURL        string
	Author               User
	CreatedAt, UpdatedAt time.Time
}

// States of a commit status.
const (
	StatusPending = "pending"
	StatusSuccess = "success"
	StatusFailure = "failure"
	StatusError   = "error"
)

// Status is one commit status.
type Status struct {
	Context     string
	State       string // StatusPending, StatusSuccess, StatusFailure or StatusError
	Description string // at most 140 characters
	TargetURL   string
}

// CombinedStatus holds the newest status of every context of a commit.
type CombinedStatus struct {
	SHA      string
	State    string
	Statuses []Status
}

// CheckRun is one result of an app's or workflow's check.
type CheckRun struct {
	ID         int64
	Name       string
	Status     string // "queued", "in_progress", "completed", ...
	Conclusion string // "success", "failure", ...; empty until completed
	HeadSHA    string
	HTMLURL    string
	AppSlug    string
}

// File is a file changed by a pull.
type File struct {
	Name                 string
	PreviousName         string // of a renamed file
	Status               string // "added", "removed", "modified", "renamed", ...
	Patch                string // empty for binary and very large changes
	Additions, Deletions int
}

// Commit is one commit of a pull or a branch.
type Commit struct {
	SHA         string
	Message     string
	TreeSHA     string
	Parents     []string
	Author      User // zero when GitHub knows no account for the address
	AuthorEmail string
	HTMLURL     string
}

// Review is what a reviewer said about a pull as a whole.
type Review struct {
	ID          int64
	Author      User
	Body        string
	State       string // "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"
	CommitSHA   string
	HTMLURL     string
	SubmittedAt time.Time
}

// ReviewComment is a comment on a line of a pull.
type ReviewComment struct {
	ID                   int64
	ReviewID             int64
	Author               User
	Body, Path, HTMLURL  string
	CreatedAt, UpdatedAt time.Time
}

// WorkflowRun is a run of a GitHub Actions workflow.
type WorkflowRun struct {
	ID         int64
	Name       string
	HeadSHA    string
	HeadBranch string
	Event      string
	Status     string // "completed", "queued", ...
	Conclusion string // "failure", "action_required", ...; empty until completed
	HTMLURL    string
}

// Team is a team of an organization.
type Team struct {
	ID         int64
	Slug, Name string
}

// IssueDetails is what an issue, or a pull seen as an issue, says.
type IssueDetails struct {
	Org, Repo            string
	Number               int
	Title, Body, State   string
	HTMLURL              string
	Author               User
	Assignees            []User
	Labels               Labels
	IsPull               bool
	CreatedAt, UpdatedAt time.Time
}

// Repository is what GitHub says of a repository.
type Repository struct {
	Repo          Repo
	DefaultBranch string
	Private, Fork bool
	Archived      bool
	HTMLURL       string
	CloneURL      string
}
