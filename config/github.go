// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net/url"

	"knative.dev/pkg/apis"
)

// GitHub configures which GitHub it is.
type GitHub struct {
	// LinkURL is the base of links; "https://github.com" when unset.
	LinkURL string `json:"link_url,omitempty"`
}

func (g *GitHub) setDefaults() { fill(&g.LinkURL, "https://github.com") }

// Validate reports a link that is no URL.
func (g GitHub) Validate() *apis.FieldError { return validURL(g.LinkURL, "link_url") }

func validURL(text, field string) *apis.FieldError {
	if _, err := url.Parse(text); err != nil {
		return apis.ErrInvalidValue(text, field, err.Error())
	}
	return nil
}
