// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"strconv"
	"strings"
)

// Refs is a state of a repository: a base and the pulls merged into it.
type Refs struct {
	// Org is the org.
	Org string `json:"org"`
	// Repo is the repository's name in the org.
	Repo string `json:"repo"`
	// RepoLink is the repository's page.
	RepoLink string `json:"repo_link,omitempty"`
	// BaseRef is the branch.
	BaseRef string `json:"base_ref,omitempty"`
	// BaseSHA is the commit of the base; empty means the branch's tip.
	BaseSHA string `json:"base_sha,omitempty"`
	// BaseLink is a page for the base commit.
	BaseLink string `json:"base_link,omitempty"`
	// Pulls are merged into the base in this order.
	Pulls []Pull `json:"pulls,omitempty"`
	// PathAlias is where to check out below $GOPATH/src; empty means github.com/org/repo.
	PathAlias string `json:"path_alias,omitempty"`
	// WorkDir makes this the working directory of the job.
	WorkDir bool `json:"workdir,omitempty"`
	// Auxiliary keeps this from being taken for the code under test.
	Auxiliary bool `json:"auxiliary,omitempty"`
	// CloneURI replaces the URI to clone from.
	CloneURI string `json:"clone_uri,omitempty"`
	// SkipSubmodules leaves submodules out.
	SkipSubmodules bool `json:"skip_submodules,omitempty"`
	// CloneDepth limits how many commits are fetched; 0 is all.
	CloneDepth int `json:"clone_depth,omitempty"`
	// SkipFetchHead leaves out the fetch of HEAD and tags.
	SkipFetchHead bool `json:"skip_fetch_head,omitempty"`
	// BloblessFetch fetches file contents only when they are checked out.
	BloblessFetch *bool `json:"blobless_fetch,omitempty"`
	// SparseCheckoutFiles limits the checkout to these patterns.
	SparseCheckoutFiles []string `json:"sparse_checkout_files,omitempty"`
}

// Pull is a pull request at one commit.
type Pull struct {
	// Number is the pull's number.
	Number int `json:"number"`
	// Author is the login of who made it.
	Author string `json:"author"`
	// SHA is the commit.
	SHA string `json:"sha"`
	// Title is the pull's title.
	Title string `json:"title,omitempty"`
	// Ref is what to fetch, where it is not pull/<number>/head.
	Ref string `json:"ref,omitempty"`
	// HeadRef is the branch that the pull was made from.
	HeadRef string `json:"head_ref,omitempty"`
	// Link is the pull request's page.
	Link string `json:"link,omitempty"`
	// CommitLink is the commit's page.
	CommitLink string `json:"commit_link,omitempty"`
	// AuthorLink is the author's page.
	AuthorLink string `json:"author_link,omitempty"`
}

// String is the form of PULL_REFS and of started.json: base_ref:base_sha and
// then, after commas, number:sha or number:sha:ref for each pull.
func (r Refs) String() string {
	var b strings.Builder
	b.WriteString(r.BaseRef)
	if r.BaseSHA != "" {
		b.WriteString(":" + r.BaseSHA)
	}
	for _, pull := range r.Pulls {
		b.WriteString("," + strconv.Itoa(pull.Number) + ":" + pull.SHA)
		if pull.Ref != "" {
			b.WriteString(":" + pull.Ref)
		}
	}
	return b.String()
}

// OrgRepo is "org/repo", the key of jobs and policies in config.yaml.
func (r Refs) OrgRepo() string { return r.Org + "/" + r.Repo }
