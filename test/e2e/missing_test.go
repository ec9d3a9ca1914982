// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/up"
)

// hookAway has GitHub find nobody at hook's address while people work. When it is
// back, one sweep has everything delivered again, once, and done as if nothing had
// been.
func hookAway(t *testing.T, s *story) {
	if err := s.m.Forge.AddRepository(s.ctx, s.repo, map[string]string{".prow.yaml": chaosJobs}); err != nil {
		t.Fatal(err)
	}
	if err := s.m.Forge.Drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.m.Forge.Lose(func(d githubtest.Delivery) bool { return strings.Contains(string(d.Payload), s.repo.String()) })
	s.open(t, "change")
	for _, text := range []string{"/test unit", "/hold", "/test unit"} {
		if err := s.m.Forge.Say(s.ctx, up.Member, s.issue(1), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.m.Forge.Drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.m.Forge.Lose(nil)
	for range 2 { // the second has nothing to ask for
		if err := s.sweep(); err != nil {
			t.Fatal(err)
		}
	}
	if err := label(s, []string{"1", "do-not-merge/hold"}); err != nil {
		t.Error(err)
	}
	if err := status(s, []string{"1", "unit", "success"}); err != nil {
		t.Error(err)
	}
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
	lost, runs := 0, 0
	for _, d := range s.m.Forge.Deliveries() {
		if len(d.Attempts) == 1 || !strings.Contains(string(d.Payload), s.repo.String()) {
			continue
		}
		lost++
		s.checkEntry(t, d)
		if asksForRun(d) {
			runs++
		}
		if len(d.Attempts) != 2 || !d.Attempts[1].Redelivery || !d.OK() {
			t.Errorf("%s %s: %d attempts, delivered: %t; want two, the second a redelivery that succeeds", d.Event, d.GUID, len(d.Attempts), d.OK())
		}
	}
	if got, err := s.runs("unit"); err != nil || len(got) != runs || runs != 3 {
		t.Errorf("%d runs (%v), want those %d that were asked for, which are 3", len(got), err, runs)
	}
	if lost < 4 {
		t.Errorf("only %d deliveries were lost", lost)
	}
}
