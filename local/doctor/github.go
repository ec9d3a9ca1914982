// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// fewRequests is how few requests of an hour's are few.
const fewRequests = 500

// examined is GitHub, as the installation is there.
type examined struct {
	*patient

	gh   *github.Client
	orgs []string // those that plugins.yaml speaks of
	hook string   // the URL that events must be sent to; empty when not known
	set  bool     // it is a setting
}

// checkGitHub asks GitHub who the installation is, and what it may do.
func checkGitHub(ctx context.Context, p *patient) []Finding {
	env, unread := p.github()
	if unread != "" {
		return notChecked("%s", unread)
	}
	if env.TokenPath == "" && env.AppID == 0 {
		return []Finding{problem("neither a token nor an App is set").mend("make an App with `cutwater github-app create`, and set github-app-id and github-app-private-key-path")}
	}
	if elsewhere(ctx, env.Endpoint) {
		return notChecked("%s is inside of the cluster, and is not reached from here", env.Endpoint)
	}
	o := env.Options()
	o.Transport = p.dates.of("GitHub")(http.DefaultTransport)
	o.Timeout = p.Timeout
	gh, err := github.New(ctx, o)
	if err != nil {
		return []Finding{problem("%v", err).mend("see the check of secrets")}
	}
	e := examined{patient: p, gh: gh}
	if c := p.configuration(ctx).Plugins; c != nil {
		orgs, repos := c.Repos()
		for _, repo := range repos {
			org, _, _ := strings.Cut(repo, "/")
			orgs = append(orgs, org)
		}
		slices.Sort(orgs)
		e.orgs = slices.Compact(orgs)
	}
	e.hook, e.set = p.webhookURL()
	if gh.IsApp() {
		return e.app(ctx)
	}
	return e.token(ctx)
}

// away is GitHub's refusal, or its silence.
func away(err error) []Finding {
	if github.IsUnauthorized(err) {
		return []Finding{problem("GitHub does not accept the credentials: %v", err).mend("renew the token, or the App's private key")}
	}
	return []Finding{problem("%v", err).mend("see that GitHub can be reached from here, and from the cluster")}
}

// github is how the installation reaches GitHub, with files of our own.
func (p *patient) github() (env github.Environment, unread string) {
	switch {
	case p.GitHub != (github.Environment{}):
		return p.GitHub, ""
	case p.Machine != nil:
		return env, "this machine's GitHub is its own, at " + p.Machine.Forge
	}
	if blind := p.blind(&p.functions, &p.deployments, &p.configMaps, &p.secrets); blind != nil {
		return env, blind[0].Message
	}
	pr := p.reading("GITHUB_ENDPOINT")
	if pr == nil {
		return env, "no program that speaks with GitHub is there"
	}
	set := p.environment(*pr)
	env = github.Environment{Endpoint: set["GITHUB_ENDPOINT"], GraphQLEndpoint: set["GITHUB_GRAPHQL_ENDPOINT"], Host: set["GITHUB_HOST"]}
	if id := set["GITHUB_APP_ID"]; id != "" {
		var err error
		if env.AppID, err = strconv.ParseInt(id, 10, 64); err != nil {
			return env, "github-app-id is not a number"
		}
	}
	for _, file := range []struct {
		variable string
		into     *string
	}{{"GITHUB_TOKEN_PATH", &env.TokenPath}, {"GITHUB_APP_PRIVATE_KEY_PATH", &env.AppPrivateKeyPath}} {
		path := set[file.variable]
		if path == "" {
			continue
		}
		if *file.into, unread = p.credentials(*pr, file.variable, path); unread != "" {
			return env, unread
		}
	}
	return env, ""
}

// token examines a token: whose, with which scopes, for how long.
func (e examined) token(ctx context.Context) []Finding {
	token, err := e.gh.TokenInfo(ctx)
	if err != nil {
		return away(err)
	}
	var found []Finding
	if token.Scopes != nil && !slices.Contains(token.Scopes, "repo") {
		found = append(found, problem("the token of %s lacks the scope repo: it has %s", token.User.Login, orNone(token.Scopes)).
			mend("make one with the scopes repo, read:org and admin:repo_hook"))
	}
	orgScopes := []string{"read:org", "write:org", "admin:org"}
	if token.Scopes != nil && !slices.ContainsFunc(token.Scopes, func(s string) bool { return slices.Contains(orgScopes, s) }) {
		found = append(found, warning("the token of %s lacks the scope read:org: nobody is known as a member who hides it", token.User.Login).
			mend("make one with the scopes repo, read:org and admin:repo_hook"))
	}
	if left := token.Expires.Sub(e.Now()); !token.Expires.IsZero() && left < 14*24*time.Hour {
		found = append(found, warning("the token of %s expires at %s", token.User.Login, token.Expires.UTC().Format(time.RFC3339)).mend("renew it"))
	}
	found = append(found, e.limit(ctx, "")...)
	if !e.set {
		found = append(found, warning("with a token, hook cannot know which deliveries never arrived").mend("set webhook-url and webhook-owners"))
	}
	found = append(found, e.webhooks(ctx)...)
	return orOK(found, "we are %s, by a token", token.User.Login)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return enumerate(names)
}

// limit warns of a rate limit that is nearly reached.
func (e examined) limit(ctx context.Context, org string) []Finding {
	limit, err := e.gh.RateLimit(ctx, org)
	if err != nil || limit.Limit == 0 { // an Enterprise Server may have none
		return nil
	}
	if limit.Remaining > min(fewRequests, limit.Limit/10) {
		return nil
	}
	of := ""
	if org != "" {
		of = " in " + org
	}
	return []Finding{warning("%d of %d requests%s are left until %s", limit.Remaining, limit.Limit, of, limit.Reset.UTC().Format(time.TimeOnly)).
		mend("find out who else uses these credentials; an App has more requests than a token")}
}

// webhooks looks for webhooks of the orgs that lead to hook, as far as the token
// may see them.
func (e examined) webhooks(ctx context.Context) []Finding {
	if e.hook == "" {
		return nil
	}
	var found []Finding
	for _, name := range e.owners(ctx) {
		hooks, err := e.hooksOf(ctx, name)
		if err != nil {
			continue // most tokens may not see them
		}
		to := func(h github.Webhook) bool { return sameURL(h.URL, e.hook) }
		at := slices.IndexFunc(hooks, to)
		if at < 0 && !strings.Contains(name, "/") {
			continue // its repositories may have theirs
		}
		if at < 0 {
			found = append(found, warning("%s has no active webhook that leads to %s", name, e.hook).
				mend("add one there: content type application/json, the secret of hmac-token, all events; or one of the org"))
			continue
		}
		found = append(found, e.failures(ctx, hooks[at], "the webhook of "+name)...)
	}
	return found
}

// owners are the orgs and repositories that should have a webhook: those that are
// set, or else those with plugins.
func (e examined) owners(ctx context.Context) []string {
	if pr := e.reading("WEBHOOK_OWNERS"); pr != nil {
		split := func(r rune) bool { return r == ',' || r == ' ' }
		if set := strings.FieldsFunc(e.environment(*pr)["WEBHOOK_OWNERS"], split); len(set) > 0 {
			return set
		}
	}
	c := e.configuration(ctx).Plugins
	if c == nil {
		return nil
	}
	orgs, repos := c.Repos()
	return slices.Concat(orgs, repos)
}

func (e examined) hooksOf(ctx context.Context, name string) ([]github.Webhook, error) {
	if !strings.Contains(name, "/") {
		return e.gh.OrgWebhooks(ctx, name)
	}
	repo, err := github.ParseRepo(name)
	if err != nil {
		return nil, err
	}
	return e.gh.RepoWebhooks(ctx, repo)
}

// recently is how far back deliveries are looked at.
const recently = time.Hour

// failures says how many recent deliveries were not taken.
func (e examined) failures(ctx context.Context, w github.Webhook, whose string) []Finding {
	failed, last := 0, github.Delivery{}
	for d, err := range e.gh.FailedDeliveries(ctx, w) {
		if err != nil {
			return []Finding{warning("the deliveries of %s are not known: %v", whose, err)}
		}
		if e.Now().Sub(d.At) > recently {
			break
		}
		if d.OK() {
			continue
		}
		if failed++; failed == 1 {
			last = d
		}
	}
	if failed == 0 {
		return nil
	}
	answer := fmt.Sprintf("with %d", last.Status)
	if last.Status == 0 {
		answer = "by nobody"
	}
	return []Finding{warning("%s of %s failed in the last hour; the newest, %s at %s, was answered %s",
		count(failed, "delivery", "deliveries"), whose, last.Event, last.At.UTC().Format(time.TimeOnly), answer).
		mend("%s", mendDelivery(last.Status))}
}

func mendDelivery(status int) string {
	switch {
	case status == 0 || status == http.StatusGatewayTimeout:
		return "see that GitHub can reach hook's address"
	case status == http.StatusForbidden || status == http.StatusUnauthorized:
		return "see that the webhook has the secret that hmac-token holds"
	case status >= http.StatusInternalServerError:
		return "see hook's log, and the check of the bucket"
	}
	return "see that the webhook's URL ends in /hook, and its content type is application/json"
}

// sameURL ignores what makes no difference.
func sameURL(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && strings.EqualFold(ua.Host, ub.Host) && ua.Path == ub.Path
}
