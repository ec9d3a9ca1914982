// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"net/http"
	"testing"
)

// Who has no webhook yet is asked again with every sweep, and not after an hour.
func TestMissingBeforeThereIsAWebhook(t *testing.T) {
	for _, kind := range []string{"org", "repo"} {
		w := newWorld(t, kind)
		right := w.vars["WEBHOOK_URL"]
		w.vars["WEBHOOK_URL"] = "https://elsewhere.example/hook"
		w.start(t)
		w.wantSweep(t, http.StatusAccepted)
		if got := w.logs.FilterMessageSnippet("leads to WEBHOOK_URL").Len(); got != 1 {
			t.Errorf("%s: said %d times that there is no webhook, want once", kind, got)
		}
		w.stop()
		w.comment(t, 1)
		w.vars["WEBHOOK_URL"] = right
		w.start(t)
		w.wantSweep(t, http.StatusAccepted)
		w.wantAttempts(t, 2, true)
	}
}
