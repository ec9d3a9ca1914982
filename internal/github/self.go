// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	gogithub "github.com/google/go-github/v88/github"
)

// App is a GitHub App as it is registered.
type App struct {
	ID          int64
	Slug, Name  string
	Owner       string
	HTMLURL     string
	Permissions map[string]string // access by name
	Events      []string
}

// App returns the GitHub App that we are.
func (c *Client) App(ctx context.Context) (App, error) {
	app, _, err := c.gh.Apps.Get(ctx, "")
	if err != nil {
		return App{}, wrap(err, "asking which app we are")
	}
	permissions, err := permissionsOf(app.Permissions)
	return App{
		ID: app.GetID(), Slug: app.GetSlug(), Name: app.GetName(), Owner: app.GetOwner().GetLogin(), HTMLURL: app.GetHTMLURL(),
		Permissions: permissions, Events: app.Events,
	}, err
}

// permissionsOf are permissions by name; the library has a field for each.
func permissionsOf(p *gogithub.InstallationPermissions) (map[string]string, error) {
	named := map[string]string{}
	data, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(data, &named)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the app's permissions: %w", err)
	}
	return named, nil
}

// Installation is the app in an org or with a person.
type Installation struct {
	Login       string
	HTMLURL     string
	Suspended   bool
	Selected    bool              // only repositories that were selected
	Permissions map[string]string // as they were accepted
	Events      []string
}

// Installations are all installations of the app that we are.
func (c *Client) Installations(ctx context.Context) ([]Installation, error) {
	var all []Installation
	for i, err := range c.gh.Apps.ListInstallationsIter(ctx, &gogithub.ListOptions{PerPage: perPage}) {
		if err != nil {
			return nil, wrap(err, "listing the app's installations")
		}
		permissions, err := permissionsOf(i.Permissions)
		if err != nil {
			return nil, err
		}
		all = append(all, Installation{
			Login: i.GetAccount().GetLogin(), HTMLURL: i.GetHTMLURL(), Suspended: i.SuspendedAt != nil,
			Selected: i.GetRepositorySelection() == "selected", Permissions: permissions, Events: i.Events,
		})
	}
	return all, nil
}

// AppHook is where an app's events are sent.
type AppHook struct {
	URL         string
	ContentType string // "json" or "form"
	InsecureSSL bool   // certificates are not verified
	HasSecret   bool
}

// AppHook returns where the events of the app that we are are sent.
func (c *Client) AppHook(ctx context.Context) (AppHook, error) {
	hook, _, err := c.gh.Apps.GetHookConfig(ctx)
	if err != nil {
		return AppHook{}, wrap(err, "reading the app's webhook")
	}
	return AppHook{
		URL: hook.GetURL(), ContentType: hook.GetContentType(), InsecureSSL: hook.GetInsecureSSL() == "1", HasSecret: hook.GetSecret() != "",
	}, nil
}

// Token is what GitHub says of our token.
type Token struct {
	User User
	// Scopes are those of a classic token; nil for others, which have none.
	Scopes []string
	// Expires is when it ends, zero for never.
	Expires time.Time
}

// TokenInfo returns what GitHub says of our token; an app has none.
func (c *Client) TokenInfo(ctx context.Context) (Token, error) {
	user, response, err := c.gh.Users.Get(ctx, "")
	if err != nil {
		return Token{}, wrap(err, "asking who we are")
	}
	t := Token{User: toUser(user), Expires: response.TokenExpiration.Time}
	if scopes, ok := response.Header["X-Oauth-Scopes"]; ok {
		t.Scopes = strings.FieldsFunc(strings.Join(scopes, ","), func(r rune) bool { return r == ',' || r == ' ' })
	}
	return t, nil
}

// Limit is a rate limit.
type Limit struct {
	Limit, Remaining int
	Reset            time.Time
}

// RateLimit returns the limit of REST requests; asking does not count. For an
// app it is that of its installation in the org.
func (c *Client) RateLimit(ctx context.Context, org string) (Limit, error) {
	limits, _, err := c.gh.RateLimit.Get(withOrg(ctx, org))
	if err != nil {
		return Limit{}, wrap(err, "asking for the rate limit")
	}
	core := limits.GetCore()
	return Limit{Limit: core.Limit, Remaining: core.Remaining, Reset: core.Reset.Time}, nil
}

// NewApp is a GitHub App that was just made of a manifest, with its secrets.
type NewApp struct {
	App

	ClientID string
	// PrivateKey is PEM. It, WebhookSecret and ClientSecret must not be logged.
	PrivateKey, WebhookSecret, ClientSecret string
}

// ErrCodeExpired says that GitHub does not know the code of a manifest: it is
// good once, and for an hour.
var ErrCodeExpired = errors.New("GitHub does not know the code: it is good once, and for an hour")

// CompleteManifest exchanges the code that GitHub hands out when it has made an
// App of a manifest. It can be done once.
func (c *Client) CompleteManifest(ctx context.Context, code string) (NewApp, error) {
	made, _, err := c.gh.Apps.CompleteAppManifest(ctx, code)
	if err != nil {
		// The code is a secret as long as it is good.
		const shown = "/app-manifests/…/conversions"
		err = convertError(err)
		if refused, ok := errors.AsType[*Error](err); ok {
			refused.Path = shown
		} else if failed, ok := errors.AsType[*url.Error](err); ok {
			failed.URL = shown
		}
		if IsNotFound(err) {
			err = errors.Join(ErrCodeExpired, err)
		}
		return NewApp{}, fmt.Errorf("taking over the new app: %w", err)
	}
	return NewApp{
		App: App{
			ID: made.GetID(), Slug: made.GetSlug(), Name: made.GetName(), Owner: made.GetOwner().GetLogin(), HTMLURL: made.GetHTMLURL(),
		},
		ClientID: made.GetClientID(), PrivateKey: made.GetPEM(), WebhookSecret: made.GetWebhookSecret(), ClientSecret: made.GetClientSecret(),
	}, nil
}
