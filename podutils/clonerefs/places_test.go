// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// Repositories are cloned at once, unless there is a limit: here the first waits
// until somebody asks for the second.
func TestParallel(t *testing.T) {
	f, _ := newForges(t)
	second := make(chan struct{}, 100)
	f.hanging["/other/"] = func(*http.Request) bool { second <- struct{}{}; return false }
	f.hanging["/org/"] = func(*http.Request) bool {
		select {
		case <-second:
		case <-time.After(time.Minute):
			t.Error("the second repository is not cloned while the first is")
		}
		return false
	}
	refs := f.refs("org", "repo")
	refs.SkipFetchHead = true // fewer requests
	records, _ := run(t, newOptions(t, refs, f.refs("other", "repo", prowv1.Pull{Number: 1}, prowv1.Pull{Number: 2})))
	checkCloned(t, records)
}

// The link to a repository says where it is cloned from and to, but the URI and
// alias for that come first. Two repositories at one place are odd, but allowed.
func TestPlaces(t *testing.T) {
	f, _ := newForges(t)
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	linked, aliased, other := f.refs("org", "repo"), f.refs("org", "second"), f.refs("other", "repo")
	linked.CloneURI, linked.RepoLink = "", f.URL+"/org/repo"
	aliased.RepoLink, aliased.PathAlias = "https://forge.test/org/second", "forge.test/alias"
	other.PathAlias = aliased.PathAlias
	o := newOptions(t, linked, aliased, other)
	o.MaxParallelWorkers = 1
	records, log := run(t, o)
	checkCloned(t, records)
	for _, place := range []string{at.Host + "/org/repo", "forge.test/alias"} {
		if _, err := os.Stat(filepath.Join(o.SrcRoot, "src", place, "README.md")); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(log, "Two repositories are cloned to one place") {
		t.Errorf("the log does not warn:\n%s", log)
	}
}
