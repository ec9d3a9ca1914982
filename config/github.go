// SPDX-License-Identifier: Apache-2.0

package config

// GitHub configures which GitHub it is.
type GitHub struct {
	// LinkURL is the base of links; "https://github.com" when unset.
	LinkURL string `json:"link_url,omitempty"`
}

func (g *GitHub) setDefaults() { fill(&g.LinkURL, "https://github.com") }
