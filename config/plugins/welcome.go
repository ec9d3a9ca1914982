// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"text/template"

	"knative.dev/pkg/apis"
)

// Welcome configures the welcome plugin, which greets people on their first
// pull, for some repos. The first entry that lists a repo counts, else the first
// that lists its org.
type Welcome struct {
	// Repos are orgs and org/repos. None may be listed twice.
	Repos []string `json:"repos,omitempty"`
	// MessageTemplate is what is said: a Go template with .Org, .Repo, .AuthorLogin and .AuthorName.
	MessageTemplate string `json:"message_template,omitempty"`
	// AlwaysPost greets on every pull, and members too.
	AlwaysPost bool `json:"always_post,omitempty"`
}

// WelcomeFor is the configuration of the welcome plugin for a repo.
func (c *Configuration) WelcomeFor(org, repo string) Welcome {
	w, _ := first(c.Welcome, org, repo)
	return w
}

func (w Welcome) repos() []string { return w.Repos }

// Validate warns of a template that says nothing, because it is no template.
func (w Welcome) Validate() *apis.FieldError {
	if _, err := template.New("welcome").Parse(w.MessageTemplate); err != nil {
		return apis.ErrGeneric(err.Error(), "message_template").At(apis.WarningLevel)
	}
	return nil
}
