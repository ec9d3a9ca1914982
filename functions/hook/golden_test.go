// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/goldens"
)

// TestGoldenAnswers sends every example webhook of GitHub and wants Prow's answer,
// and an event for each.
func TestGoldenAnswers(t *testing.T) {
	dir := filepath.Join(goldens.Dir(t), "webhook-payloads")
	f := start(t)
	if err := os.WriteFile(f.secret, []byte("oracle-hmac"), 0o600); err != nil {
		t.Fatal(err)
	}
	type line struct {
		Event     string `json:"event"`
		File      string `json:"file"`
		Status    int    `json:"http_status"`
		Body      string `json:"http_body"`
		Signature string `json:"x_hub_signature_256"`
	}
	sent := 0
	goldens.Lines(t, filepath.Join(dir, "golden-events.jsonl.gz"), func(g line) {
		body, err := os.ReadFile(filepath.Join(dir, g.File))
		if err != nil {
			t.Fatal(err)
		}
		// One GUID each, or all but the first would be duplicates.
		r := f.request(t, g.Event, fmt.Sprintf("guid-%d", sent), string(body))
		r.Header.Set("X-Hub-Signature-256", g.Signature)
		if status, text := f.do(t, r); status != g.Status || text != g.Body {
			t.Errorf("%s: got %d %q, want %d %q", g.File, status, text, g.Status, g.Body)
		}
		if g.Status == http.StatusOK {
			sent++
		}
		r = f.request(t, g.Event, "wrong", string(body))
		if status, text := f.do(t, r); status != http.StatusForbidden {
			t.Errorf("%s, wrongly signed: got %d %q, want 403", g.File, status, text)
		}
	})
	if got := len(f.sink.taken()); got != sent || sent == 0 {
		t.Errorf("got %d events, want %d", got, sent)
	}
}
