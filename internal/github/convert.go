// SPDX-License-Identifier: Apache-2.0

package github

import (
	gogithub "github.com/google/go-github/v88/github"
)

func toUser(u *gogithub.User) User {
	return User{Login: u.GetLogin(), Type: u.GetType(), HTMLURL: u.GetHTMLURL(), ID: u.GetID()}
}

func toUsers(in []*gogithub.User) []User {
	var out []User
	for _, u := range in {
		out = append(out, toUser(u))
	}
	return out
}

func toLabels(in []*gogithub.Label) Labels {
	var out Labels
	for _, l := range in {
		out = append(out, l.GetName())
	}
	return out
}

func toBranch(b *gogithub.PullRequestBranch) Branch {
	repo := b.GetRepo()
	return Branch{
		Ref: b.GetRef(), SHA: b.GetSHA(), RepoHTMLURL: repo.GetHTMLURL(),
		Repo: Repo{Org: repo.GetOwner().GetLogin(), Name: repo.GetName()},
	}
}
