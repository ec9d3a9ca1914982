// SPDX-License-Identifier: Apache-2.0

package githubtest

import (
	"slices"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest/bare"
)

// user is a person, a bot or an organization's account.
type user struct {
	id      int64
	login   string
	kind    string // "User", "Bot" or "Organization"
	token   string // once somebody has asked for it
	created time.Time
}

type org struct {
	account *user
	members map[string]string // role by lower case login
	teams   []*team
}

type team struct {
	id         int64
	name, slug string
	members    []string
	created    time.Time
}

// identity is whom a token stands for.
type identity struct {
	login   string
	org     string // of an app's installation
	expires time.Time
}

type repo struct {
	id            int64
	owner         *user
	name          string
	private       bool
	parent        *repo // of a fork
	defaultBranch string
	git           *bare.Repo
	refs          map[string]string // where refs/heads/ and refs/tags/ point
	known         map[string]bool   // SHAs that are commits
	commits       map[string]bare.Commit
	permissions   map[string]string // of collaborators, by lower case login
	labels        []*label
	issues        []*issue // number minus one
	statuses      map[string][]*status
	checks        []*check
	runs          []*workflowRun
	created       time.Time
	pushed        time.Time
}

func (r *repo) fullName() string { return r.owner.login + "/" + r.name }

func (r *repo) label(name string) *label {
	i := slices.IndexFunc(r.labels, func(l *label) bool { return key(l.name) == key(name) })
	if i < 0 {
		return nil
	}
	return r.labels[i]
}

type label struct {
	id                       int64
	name, color, description string
}

// issue is an issue or, when pull is set, a pull.
type issue struct {
	id                       int64
	repo                     *repo
	number                   int
	title, body, state       string
	stateReason              string
	author                   *user
	assignees                []*user
	labels                   []*label
	comments                 []*comment
	created, updated, closed time.Time
	pull                     *pull
}

func (i *issue) name() github.Issue {
	return github.Issue{Org: i.repo.owner.login, Repo: i.repo.name, Number: i.number}
}

type pull struct {
	id               int64
	draft            bool
	base             string // branch
	baseSHA          string // tip of base when the head last moved
	headRepo         *repo
	head             string // branch of headRepo
	headSHA          string
	requested        []*user
	reviews          []*review
	reviewComments   []*reviewComment
	merged           time.Time
	mergedBy         *user
	mergeCommit      string
	changes          changes
	mergeable        *bool
	testMerge        string // commit at refs/pull/N/merge
	testBase, testOf string // base and head that mergeable is about
}

// changes is what a pull changes, as far as git must be asked.
type changes struct {
	base, head string // what they were computed of
	files      []bare.File
	commits    []bare.Commit
}

type comment struct {
	id               int64
	issue            *issue
	author           *user
	body             string
	created, updated time.Time
}

type review struct {
	id        int64
	author    *user
	body      string
	state     string // "APPROVED", ...
	sha       string
	submitted time.Time
}

type reviewComment struct {
	id, review int64
	author     *user
	body, path string
	sha        string
	created    time.Time
}

type status struct {
	id                                     int64
	context, state, description, targetURL string
	creator                                *user
	created                                time.Time
}

type check struct {
	id               int64
	run              github.CheckRun
	started, updated time.Time
}

type workflowRun struct {
	run              github.WorkflowRun
	number           int
	attempt          int
	created, updated time.Time
}
