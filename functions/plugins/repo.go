// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"encoding/json"

	"github.com/cutwater-ci/cutwater/internal/github"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// repoOf returns the repository that any kind of webhook is about; its name is
// empty when it is about an org, and both are when it is about neither.
func repoOf(w *webhook.Webhook) github.Repo {
	var p struct {
		Repository struct {
			Name  string `json:"name"`
			Owner struct {
				Login string `json:"login"`
				Name  string `json:"name"` // pushes have this one
			} `json:"owner"`
		} `json:"repository"`
		Organization struct {
			Login string `json:"login"`
		} `json:"organization"`
	}
	_ = json.Unmarshal(w.Body, &p) // what is of another type counts as missing
	for _, org := range []string{p.Repository.Owner.Login, p.Repository.Owner.Name, p.Organization.Login} {
		if org != "" {
			return github.Repo{Org: org, Name: p.Repository.Name}
		}
	}
	return github.Repo{}
}
