// SPDX-License-Identifier: Apache-2.0

package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
)

// Client does on a forge what people do on GitHub's pages.
type Client struct {
	// URL is where the forge is reached, and HTTP how.
	URL  string
	HTTP *http.Client
}

// CreateRepo makes a repository.
func (c Client) CreateRepo(ctx context.Context, r Repo) error {
	return c.post(ctx, "repos", r, nil)
}

// AddWebhook has events sent, from now on.
func (c Client) AddWebhook(ctx context.Context, w Webhook) error {
	return c.post(ctx, "webhooks", w, nil)
}

// OpenPull opens a pull request with a first commit.
func (c Client) OpenPull(ctx context.Context, change Change) (made Made, err error) {
	err = c.post(ctx, "pulls", change, &made)
	return made, err
}

// Push adds a commit to a pull request, or to a branch.
func (c Client) Push(ctx context.Context, change Change) (made Made, err error) {
	err = c.post(ctx, "pushes", change, &made)
	return made, err
}

// Comment comments on a pull request.
func (c Client) Comment(ctx context.Context, comment Comment) (made github.Comment, err error) {
	err = c.post(ctx, "comments", comment, &made)
	return made, err
}

// Redeliver sends a delivery again.
func (c Client) Redeliver(ctx context.Context, guid string) error {
	return c.post(ctx, "redeliveries", Redelivery{GUID: guid}, nil)
}

// Refuse has the forge answer every request to its API with a status, until it is
// called with 0.
func (c Client) Refuse(ctx context.Context, status int) error {
	return c.post(ctx, "refusals", Refusal{Status: status}, nil)
}

// Deliveries returns what was sent, oldest first, without payloads.
func (c Client) Deliveries(ctx context.Context) (all []githubtest.Delivery, err error) {
	err = c.post(ctx, "deliveries", nothing{}, &all)
	return all, err
}

func (c Client) post(ctx context.Context, what string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/control/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the forge, asked for %s: %s: %s", what, response.Status, strings.TrimSpace(string(said)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(said, out)
}
