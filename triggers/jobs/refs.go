// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// PullRefs are the refs of a pull merged into its base at baseSHA.
func PullRefs(pull github.Pull, baseSHA string) prowv1.Refs {
	link := pull.Base.RepoHTMLURL
	return prowv1.Refs{
		Org:      pull.Base.Repo.Org,
		Repo:     pull.Base.Repo.Name,
		RepoLink: link,
		BaseRef:  pull.Base.Ref,
		BaseSHA:  baseSHA,
		BaseLink: fmt.Sprintf("%s/commit/%s", link, baseSHA),
		Pulls: []prowv1.Pull{{
			Number:     pull.Number,
			Author:     pull.Author.Login,
			SHA:        pull.Head.SHA,
			Title:      pull.Title,
			HeadRef:    pull.Head.Ref,
			Link:       pull.HTMLURL,
			CommitLink: fmt.Sprintf("%s/pull/%d/commits/%s", link, pull.Number, pull.Head.SHA),
			AuthorLink: pull.Author.HTMLURL,
		}},
	}
}

// Push is a push to a branch.
type Push struct {
	Repo        github.Repo
	RepoHTMLURL string
	// Branch is the ref without refs/heads/.
	Branch string
	// After is the new tip.
	After string
	// Compare is the page that shows what was pushed.
	Compare string
}

// PushRefs are the refs of a push.
func PushRefs(push Push) prowv1.Refs {
	return prowv1.Refs{
		Org:      push.Repo.Org,
		Repo:     push.Repo.Name,
		RepoLink: push.RepoHTMLURL,
		BaseRef:  push.Branch,
		BaseSHA:  push.After,
		BaseLink: push.Compare,
	}
}

// completed fills in what the job says about cloning the primary refs.
func completed(refs prowv1.Refs, u utility) *prowv1.Refs {
	if u.PathAlias != "" {
		refs.PathAlias = u.PathAlias
	}
	if u.CloneURI != "" {
		refs.CloneURI = u.CloneURI
	}
	if u.SkipSubmodules {
		refs.SkipSubmodules = true
	}
	if u.CloneDepth > 0 {
		refs.CloneDepth = u.CloneDepth
	}
	if u.SkipFetchHead {
		refs.SkipFetchHead = true
	}
	if d := u.DecorationConfig; d != nil {
		if refs.BloblessFetch == nil {
			refs.BloblessFetch = d.BloblessFetch
		}
		if len(refs.SparseCheckoutFiles) == 0 {
			refs.SparseCheckoutFiles = d.SparseCheckoutFiles
		}
	}
	return refs.DeepCopy()
}
