// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The shortest grace counts, and the first reason.
func TestHalt(t *testing.T) {
	for _, test := range []struct {
		name   string
		graces []time.Duration // a second apart
		want   time.Duration   // when it is over
	}{
		{"one", []time.Duration{5 * time.Second}, 5 * time.Second},
		{"longer", []time.Duration{5 * time.Second, time.Minute}, 5 * time.Second},
		{"shorter", []time.Duration{time.Minute, 5 * time.Second}, 6 * time.Second},
		{"at once", []time.Duration{time.Minute, 0}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHalt(t.Context())
				defer h.release()
				began := time.Now()
				for i, grace := range test.graces {
					if i > 0 {
						pause(t.Context(), time.Second)
					}
					h.begin([]stopReason{stopDeadline, stopDeleted}[i], grace)
					if h.asked.Err() == nil {
						t.Error("not asked to end")
					}
				}
				<-h.over.Done()
				if got := time.Since(began); got != test.want {
					t.Errorf("over after %v, want %v", got, test.want)
				}
				if h.why() != stopDeadline {
					t.Errorf("reason %q, want the first", h.why())
				}
			})
		})
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{first: time.Second}
	var got []time.Duration
	for range 7 {
		got = append(got, b.step()/time.Second)
	}
	if diff := cmp.Diff([]time.Duration{1, 2, 4, 8, 16, 30, 30}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpand(t *testing.T) {
	values := map[string]string{"A": "1", "B": "$(A)"}
	for in, want := range map[string]string{
		"": "", "plain $ A": "plain $ A", "$(A)$(B)": "1$(A)", "$(NONE)": "$(NONE)", "$$(A)": "$(A)", "$$$(A)": "$1",
		"$(A": "$(A", "end$": "end$", "$()": "$()", "${A}": "${A}",
	} {
		if got := expand(in, values); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
