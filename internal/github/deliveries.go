// SPDX-License-Identifier: Apache-2.0

package github

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	gogithub "github.com/google/go-github/v88/github"
)

// Webhook is a webhook of an app, a repository or an org.
type Webhook struct {
	// Path is the webhook's in the API: "app/hook", "repos/org/repo/hooks/12" or
	// "orgs/org/hooks/12".
	Path string
	// URL is where it leads; empty for an app's.
	URL string
}

// AppWebhook is the webhook of the app that we are.
func AppWebhook() Webhook { return Webhook{Path: "app/hook"} }

// IsApp reports whether we are a GitHub App.
func (c *Client) IsApp() bool {
	_, is := c.auth.(*appAuth)
	return is
}

// RepoWebhooks returns the webhooks of the repository, which only its
// administrators may see.
func (c *Client) RepoWebhooks(ctx context.Context, r Repo) ([]Webhook, error) {
	hooks, err := toWebhooks(fmt.Sprintf("repos/%s/%s/hooks", r.Org, r.Name),
		c.gh.Repositories.ListHooksIter(ctx, r.Org, r.Name, &gogithub.ListOptions{PerPage: perPage}))
	return hooks, wrap(err, "listing webhooks of %v", r)
}

// OrgWebhooks returns the webhooks of the org, which only its owners may see.
func (c *Client) OrgWebhooks(ctx context.Context, org string) ([]Webhook, error) {
	hooks, err := toWebhooks(fmt.Sprintf("orgs/%s/hooks", org),
		c.gh.Organizations.ListHooksIter(ctx, org, &gogithub.ListOptions{PerPage: perPage}))
	return hooks, wrap(err, "listing webhooks of %s", org)
}

// toWebhooks returns those that are switched on.
func toWebhooks(path string, in iter.Seq2[*gogithub.Hook, error]) ([]Webhook, error) {
	var hooks []Webhook
	for h, err := range in {
		if err != nil {
			return nil, err
		}
		if h.GetActive() {
			hooks = append(hooks, Webhook{Path: fmt.Sprintf("%s/%d", path, h.GetID()), URL: h.GetConfig().GetURL()})
		}
	}
	return hooks, nil
}

// Delivery is one attempt of GitHub to deliver an event to a webhook; a
// redelivery has the GUID of the first attempt, and an ID of its own.
type Delivery struct {
	ID     int64
	GUID   string
	Event  string
	At     time.Time
	Status int // of the answer; 0 when there was none
}

// OK reports whether the delivery was taken.
func (d Delivery) OK() bool { return d.Status >= 200 && d.Status < 300 }

// FailedDeliveries yields the webhook's deliveries that were not taken, the newest
// first; GitHub keeps them for three days. An Enterprise Server that does not know
// how to pick them yields all.
//
// https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
func (c *Client) FailedDeliveries(ctx context.Context, w Webhook) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		query := url.Values{"status": {"failure"}, "per_page": {strconv.Itoa(perPage)}}
		for {
			page, next, err := c.deliveries(ctx, w, query)
			if err != nil {
				yield(Delivery{}, wrap(err, "listing deliveries of %s", w.Path))
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			query.Set("cursor", next)
		}
	}
}

// deliveries returns one page, and the cursor of the next.
func (c *Client) deliveries(ctx context.Context, w Webhook, query url.Values) (page []Delivery, next string, err error) {
	req, err := c.gh.NewRequest(ctx, http.MethodGet, w.Path+"/deliveries?"+query.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	var found []*gogithub.HookDelivery
	resp, err := c.gh.Do(req, &found)
	if err != nil {
		return nil, "", err
	}
	for _, d := range found {
		page = append(page, Delivery{
			ID: d.GetID(), GUID: d.GetGUID(), Event: d.GetEvent(), At: d.GetDeliveredAt().Time, Status: d.GetStatusCode(),
		})
	}
	return page, resp.Cursor, nil
}

// Redeliver has GitHub deliver an event again, which it does some moments later.
// It can for three days.
func (c *Client) Redeliver(ctx context.Context, w Webhook, id int64) error {
	req, err := c.gh.NewRequest(ctx, http.MethodPost, fmt.Sprintf("%s/deliveries/%d/attempts", w.Path, id), nil)
	if err != nil {
		return err
	}
	_, err = c.gh.Do(req, nil)
	var accepted *gogithub.AcceptedError // to go-github, 202 is one
	if errors.As(err, &accepted) {
		return nil
	}
	return wrap(err, "asking for delivery %d of %s again", id, w.Path)
}
