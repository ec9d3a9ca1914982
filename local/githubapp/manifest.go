// SPDX-License-Identifier: Apache-2.0

package githubapp

import "github.com/cutwater-ci/cutwater/internal/github"

// Manifest is what GitHub makes an App of.
//
// https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
type Manifest struct {
	Name               string            `json:"name"`
	URL                string            `json:"url"`
	Description        string            `json:"description"`
	HookAttributes     HookAttributes    `json:"hook_attributes"`
	RedirectURL        string            `json:"redirect_url"`
	Public             bool              `json:"public"`
	DefaultPermissions map[string]string `json:"default_permissions"`
	DefaultEvents      []string          `json:"default_events"`
}

// HookAttributes are of the App's webhook.
type HookAttributes struct {
	URL    string `json:"url"`
	Active bool   `json:"active"`
}

// homepage is what GitHub shows as the App's; it demands one.
const homepage = "https://github.com/cutwater-ci/cutwater"

// manifest is that of the App; GitHub sends the browser to redirect.
func (o Options) manifest(redirect string) Manifest {
	m := Manifest{
		Name: o.Name, URL: homepage, Description: "Cutwater: chat-ops, jobs and merge automation.",
		HookAttributes: HookAttributes{URL: o.WebhookURL, Active: true}, RedirectURL: redirect, Public: o.Public,
		DefaultPermissions: map[string]string{},
	}
	for _, p := range github.AppPermissions() {
		m.DefaultPermissions[p.Name] = p.Access
	}
	for _, e := range github.AppEvents() {
		m.DefaultEvents = append(m.DefaultEvents, e.Name)
	}
	return m
}
