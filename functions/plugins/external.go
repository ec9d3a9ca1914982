// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// externalPrefix begins the names of external plugins in the ledger.
const externalPrefix = "external:"

// external passes webhooks on to plugins that run elsewhere, as GitHub sent them.
type external struct {
	client *http.Client
	inbox  *inbox.Inbox
}

// wants reports whether the plugin gets events of this kind.
func wants(p plugins.ExternalPlugin, event string) bool {
	return len(p.Events) == 0 || slices.Contains(p.Events, event)
}

// send posts the webhook to the plugin. It tries five times while the plugin
// cannot be reached. A refusal (4xx) is permanent.
func (e external) send(ctx context.Context, p plugins.ExternalPlugin, w *webhook.Webhook) error {
	header, err := e.header(ctx, w)
	if err != nil {
		return err
	}
	pauses := wait.Backoff{Steps: 5, Duration: 100 * time.Millisecond, Factor: 2}
	var last error
	err = wait.ExponentialBackoffWithContext(ctx, pauses, func(ctx context.Context) (bool, error) {
		var reached bool
		reached, last = e.post(ctx, p, header, w.Body)
		return reached, nil
	})
	if last != nil {
		return fmt.Errorf("passing the webhook on to %s: %w", p.Name, last)
	}
	return err
}

// header returns the headers that GitHub sent.
func (e external) header(ctx context.Context, w *webhook.Webhook) (http.Header, error) {
	delivery, err := e.inbox.Get(ctx, w.GUID)
	if err != nil {
		return nil, err
	}
	header := delivery.Header.Clone()
	header.Set("User-Agent", "ProwHook")
	return header, nil
}

// post sends the webhook once, and reports whether it reached the plugin.
func (e external) post(ctx context.Context, p plugins.ExternalPlugin, header http.Header, body []byte) (reached bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Endpoint, bytes.NewReader(body))
	if err != nil {
		return true, event.Permanent(err)
	}
	request.Header = header
	response, err := e.client.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // so that the connection can be used again
	switch status := response.StatusCode; {
	case status < 300:
		noteAction(ctx)
		return true, nil
	case status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return true, event.Permanent(errors.New("answered " + response.Status))
	default:
		return true, errors.New("answered " + response.Status)
	}
}
