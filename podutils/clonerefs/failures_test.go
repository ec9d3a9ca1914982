// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"strings"
	"testing"
)

// The waits between the ten attempts of a fetch are Prow's, where time can mend it.
func TestRetries(t *testing.T) {
	refs := refsOf(newSource(t))
	refs.SkipFetchHead, refs.BaseSHA, refs.BaseRef = true, "", "nope"
	if attempts, waits := countWaits(t, newOptions(t, refs)); attempts != 10 || waits != 63.5 {
		t.Errorf("%d attempts with waits of %v s, want 10 with 63.5 s", attempts, waits)
	}
}

// A repository that is not there is not waited for a minute.
func TestNoRepository(t *testing.T) {
	f, _ := newForges(t)
	o := newOptions(t, f.refs("open", "nope"))
	if attempts, waits := countWaits(t, o); attempts != 10 || waits > 10 {
		t.Errorf("%d attempts in %v s, want 10 in less than 10 s", attempts, waits)
	}
	checkExplained(t, readRecords(t, o.Log)[1:], "There is no such repository")
}

// A server that takes a request and then says nothing does not hold up the clone.
func TestStuckServer(t *testing.T) {
	t.Setenv("GIT_HTTP_LOW_SPEED_TIME", "1")
	f, source := newForges(t)
	f.hang("/org/", 1)
	records, log := run(t, newOptions(t, f.refs("org", "repo")))
	checkCloned(t, records)
	if !strings.Contains(log, "Trying again") || !strings.Contains(log, "Operation too slow") {
		t.Errorf("it did not try again because the server was slow:\n%s", log)
	}
	// Submodules are tried twice, by git itself.
	f.hang("/other/", 2)
	makeSuper(t, source, f.URL+"/other/repo.git", "org/super.git")
	records, _ = run(t, newOptions(t, f.refs("org", "super")))
	checkExplained(t, records, "The host took the connection, or the request, and then said nothing for 5m0s.")
}
