// SPDX-License-Identifier: Apache-2.0

package buildid

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	totAttempts = 10
	totDelay    = 100 * time.Millisecond // before the second attempt; doubles
	totTimeout  = 10 * time.Second       // of one attempt
	maxIDLength = 64
)

// Tot asks a tot service for build IDs: GET <url>/vend/<job>.
type Tot struct {
	url    string
	client *http.Client
}

// NewTot returns a source of build IDs that asks the tot at url.
func NewTot(url string, client *http.Client) *Tot {
	return &Tot{url: strings.TrimSuffix(url, "/"), client: client}
}

// Next returns the job's next number. It tries ten times, backing off from
// 100 ms to 25 s.
func (t *Tot) Next(ctx context.Context, job string) (string, error) {
	delay := totDelay
	for attempt := 1; ; attempt++ {
		id, err := t.vend(ctx, job)
		if err == nil {
			return id, nil
		}
		if attempt == totAttempts {
			return "", fmt.Errorf("asking tot for a build ID of %s: %w", job, err)
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("asking tot for a build ID of %s: %w", job, ctx.Err())
		case <-time.After(delay):
			delay *= 2
		}
	}
}

func (t *Tot) vend(ctx context.Context, job string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, totTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+"/vend/"+url.PathEscape(job), nil)
	if err != nil {
		return "", err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxIDLength+1))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("tot answered %s", resp.Status)
	}
	id := strings.TrimSpace(string(body))
	if !isNumber(id) {
		return "", fmt.Errorf("tot answered %q, which is no number", id)
	}
	return id, nil
}

func isNumber(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != "" && len(s) <= maxIDLength
}
