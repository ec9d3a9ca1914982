// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// app examines a GitHub App: its permissions, events, webhook and installations.
func (e examined) app(ctx context.Context) []Finding {
	app, err := e.gh.App(ctx)
	if err != nil {
		return away(err)
	}
	var found []Finding
	settings := "change it in the App's settings: " + app.HTMLURL
	if lacks := lackWords(github.LacksPermissions(app.Permissions)); len(lacks) > 0 {
		found = append(found, problem("the App %s lacks permissions: %s", app.Slug, strings.Join(lacks, ", ")).mend("%s", settings))
	}
	if lacks := github.LacksEvents(app.Events); len(lacks) > 0 {
		found = append(found, problem("the App %s is not sent %s", app.Slug, enumerate(lacks)).mend("%s", settings))
	}
	found = append(found, e.appHook(ctx, app, settings)...)
	installations, err := e.gh.Installations(ctx)
	if err != nil {
		return append(found, away(err)...)
	}
	in, wrong := e.installations(ctx, app, installations)
	found = append(found, wrong...)
	return orOK(found, "we are the App %s, installed in %s, with all permissions and events", app.Slug, enumerate(in))
}

func lackWords(lacks []github.Lack) []string {
	var words []string
	for _, l := range lacks {
		has := "none"
		if l.Has != "" {
			has = l.Has
		}
		words = append(words, fmt.Sprintf("%s is %s and must be %s", l.Name, has, l.Access))
	}
	return words
}

// appHook examines the App's webhook.
func (e examined) appHook(ctx context.Context, app github.App, settings string) []Finding {
	hook, err := e.gh.AppHook(ctx)
	switch {
	case github.IsNotFound(err), err == nil && hook.URL == "":
		return []Finding{problem("the App %s has no webhook", app.Slug).mend("set its URL to %s, switch it on, and give it the secret of hmac-token: %s", orHook(e.hook), app.HTMLURL)}
	case err != nil:
		return away(err)
	}
	var found []Finding
	if e.hook != "" && !sameURL(hook.URL, e.hook) {
		f := warning("the webhook of the App %s leads to %s, and hook takes events at %s", app.Slug, hook.URL, e.hook).
			mend("%s; or, where a proxy or a tunnel leads to hook, set webhook-url", settings)
		if e.set {
			f = problem("the webhook of the App %s leads to %s, and webhook-url says %s", app.Slug, hook.URL, e.hook).mend("%s", settings)
		}
		found = append(found, f)
	}
	if hook.ContentType != "json" {
		found = append(found, problem("the webhook of the App %s sends %s, and hook reads json", app.Slug, hook.ContentType).mend("%s", settings))
	}
	if !hook.HasSecret {
		found = append(found, problem("the webhook of the App %s has no secret, and hook refuses what is not signed", app.Slug).mend("%s", settings))
	}
	if hook.InsecureSSL {
		found = append(found, warning("the webhook of the App %s does not verify certificates", app.Slug).mend("%s", settings))
	}
	return append(found, e.failures(ctx, github.AppWebhook(), "the App "+app.Slug)...)
}

func orHook(address string) string {
	if address == "" {
		return "hook's address and /hook"
	}
	return address
}

// installations examines where the App is installed, and returns the names.
func (e examined) installations(ctx context.Context, app github.App, all []github.Installation) (in []string, found []Finding) {
	install := app.HTMLURL + "/installations/new"
	for _, i := range all {
		if i.Suspended {
			found = append(found, warning("the App %s is suspended in %s", app.Slug, i.Login).mend("lift that: %s", i.HTMLURL))
			continue
		}
		in = append(in, i.Login)
		var lacks []string
		for _, l := range github.LacksPermissions(i.Permissions) {
			lacks = append(lacks, l.Name)
		}
		lacks = append(lacks, github.LacksEvents(i.Events)...)
		if len(lacks) > 0 {
			found = append(found, problem("in %s, the App %s was not granted %s", i.Login, app.Slug, enumerate(lacks)).mend("an owner of %s must accept the App's new permissions: %s", i.Login, i.HTMLURL))
		}
		found = append(found, e.limit(ctx, i.Login)...)
	}
	if len(in) == 0 {
		return in, append(found, problem("the App %s is installed nowhere", app.Slug).mend("install it: %s", install))
	}
	for _, org := range e.orgs {
		if !slices.ContainsFunc(all, func(i github.Installation) bool { return strings.EqualFold(i.Login, org) }) {
			found = append(found, problem("plugins.yaml speaks of %s, where the App %s is not installed", org, app.Slug).mend("install it: %s", install))
		}
	}
	slices.Sort(in)
	return in, found
}
