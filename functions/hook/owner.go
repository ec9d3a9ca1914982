// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/inbox"
)

// relistAfter is how long an owner is believed to have the same webhooks.
const relistAfter = time.Hour

// owner is whose webhooks are looked at: our app, an org or a repository.
type owner struct {
	path     string // in GitHub's API
	webhooks func(ctx context.Context) ([]github.Webhook, error)
}

// newFinder returns nil when the environment has no credentials, or says nothing of
// webhooks. Webhooks must be taken whatever is wrong with this, so that is only
// logged.
func newFinder(ctx context.Context, e Environment, i *inbox.Inbox, m *metrics) (*finder, error) {
	log := logging.FromContext(ctx)
	if len(e.WebhookOwners) > 0 && e.WebhookURL == "" {
		return nil, errors.New("WEBHOOK_OWNERS needs WEBHOOK_URL, by which our webhooks are known")
	}
	if e.GitHub.AppID == 0 && (e.GitHub.TokenPath == "" || len(e.WebhookOwners) == 0) {
		log.Info("missing deliveries are not looked for: that takes a GitHub App, or a token and WEBHOOK_OWNERS")
		return nil, nil
	}
	o := e.GitHub.Options()
	o.UserAgent, o.CacheBytes = "cutwater-hook", 2<<20
	// A sweep has little time, and the next one comes soon.
	o.Retry = github.Retry{Attempts: 3, MaxWait: 10 * time.Second, NotFound: -1}
	gh, err := github.New(ctx, o)
	if err != nil {
		log.Errorw("missing deliveries are not looked for", "error", err)
		return nil, nil
	}
	owners, err := ownersOf(gh, e)
	if err != nil {
		return nil, err
	}
	return &finder{gh: gh, inbox: i, owners: owners, metrics: m}, nil
}

func ownersOf(gh *github.Client, e Environment) ([]owner, error) {
	if gh.IsApp() {
		return []owner{{"app", func(context.Context) ([]github.Webhook, error) {
			return []github.Webhook{github.AppWebhook()}, nil
		}}}, nil
	}
	var owners []owner
	for _, name := range e.WebhookOwners {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		o, err := newOwner(gh, name)
		if err != nil {
			return nil, err
		}
		list := o.webhooks
		o.webhooks = func(ctx context.Context) ([]github.Webhook, error) { return leadTo(ctx, e.WebhookURL, list) }
		owners = append(owners, o)
	}
	return owners, nil
}

// newOwner is an org or, with a slash in its name, a repository.
func newOwner(gh *github.Client, name string) (owner, error) {
	if strings.Contains(name, "/") {
		repo, err := github.ParseRepo(name)
		if err != nil {
			return owner{}, fmt.Errorf("WEBHOOK_OWNERS: %w", err)
		}
		return owner{"repos/" + name, func(ctx context.Context) ([]github.Webhook, error) { return gh.RepoWebhooks(ctx, repo) }}, nil
	}
	if name != url.PathEscape(name) || name[0] == '.' {
		return owner{}, fmt.Errorf("WEBHOOK_OWNERS: %q is no org", name)
	}
	return owner{"orgs/" + name, func(ctx context.Context) ([]github.Webhook, error) { return gh.OrgWebhooks(ctx, name) }}, nil
}

// leadTo returns those webhooks that lead to the URL.
func leadTo(ctx context.Context, target string, list func(context.Context) ([]github.Webhook, error)) ([]github.Webhook, error) {
	all, err := list(ctx)
	var ours []github.Webhook
	for _, w := range all {
		if strings.EqualFold(strings.TrimSuffix(w.URL, "/"), strings.TrimSuffix(target, "/")) {
			ours = append(ours, w)
		}
	}
	return ours, err
}

// look notes the new failures of the owner's webhooks, and returns how far it has
// looked. When we may not, that is written down and said once.
func (f *finder) look(ctx context.Context, o owner, now time.Time) (inbox.Watch, error) {
	before, err := f.inbox.Watch(ctx, o.path)
	if err != nil {
		return before, err
	}
	after, err := f.watch(ctx, o, before, now)
	if github.IsNotFound(err) || github.IsForbidden(err) || github.IsUnauthorized(err) {
		if !before.Refused {
			logging.FromContext(ctx).Errorw("missing deliveries are not looked for: our credentials may not read the webhooks "+
				"(a token needs admin:repo_hook, and admin:org_hook for orgs)", "owner", o.path, "error", err)
		}
		after, err = inbox.Watch{Seen: before.Seen, Refused: true}, nil
	}
	if !after.Equal(before) {
		err = errors.Join(err, f.inbox.SetWatch(ctx, o.path, after))
	}
	return after, err
}

// watch looks at each webhook of the owner.
func (f *finder) watch(ctx context.Context, o owner, before inbox.Watch, now time.Time) (inbox.Watch, error) {
	after := inbox.Watch{Listed: before.Listed, Seen: map[string]time.Time{}}
	var paths []string
	if now.Sub(before.Listed) < relistAfter {
		for path := range before.Seen {
			paths = append(paths, path)
		}
	} else {
		hooks, err := o.webhooks(ctx)
		if err != nil {
			return before, err
		}
		for _, h := range hooks {
			paths = append(paths, h.Path)
		}
		after.Listed = now
		if len(paths) == 0 { // there may be one at any moment: hook is often installed first
			after.Listed = time.Time{}
			logging.FromContext(ctx).Warnw("none of the owner's webhooks leads to WEBHOOK_URL", "owner", o.path)
		}
	}
	var errs []error
	for _, path := range paths {
		seen := before.Seen[path]
		since := now.Add(-kept)
		if back := seen.Add(-overlap); back.After(since) {
			since = back
		}
		newest, err := f.scan(ctx, github.Webhook{Path: path}, since, now)
		if err == nil && newest.After(seen) {
			seen = newest
		}
		after.Seen[path] = seen
		errs = append(errs, err)
	}
	return after, errors.Join(errs...)
}
