// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
)

// writeCookies makes a cookie file that the forge accepts.
func writeCookies(t *testing.T, dir string, f *forge) string {
	t.Helper()
	at, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cookies")
	if err := os.WriteFile(file, []byte(at.Hostname()+"\tFALSE\t/\tFALSE\t0\tsession\t"+f.cookie+"\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	return file
}

// The cookie file goes into a configuration that ends with the program, which
// submodules use too, or into the repository's own when none are cloned. The
// user's own configuration counts as before.
func TestCookies(t *testing.T) {
	f, source := newForges(t)
	f.cookie = token
	makeSuper(t, source, f.URL+"/other/repo.git", "org/super.git")
	runScript(t, source, "git config --file "+source+"/.gitconfig url."+f.URL+"/.insteadOf https://forge.test/")
	cookies := writeCookies(t, t.TempDir(), f)
	for _, skip := range []bool{false, true} {
		refs := f.refs("org", "super", prowv1.Pull{Number: 1, SHA: pull1})
		refs.SkipSubmodules, refs.CloneURI = skip, "https://forge.test/org/super.git"
		o := newOptions(t, refs)
		o.CookiePath = cookies
		records, log := run(t, o)
		checkCloned(t, records)
		checkSecrecy(t, f.spy, log, o)
		clone := filepath.Join(o.SrcRoot, "src/github.com/org/super")
		if _, err := os.Stat(filepath.Join(clone, "sub/README.md")); (err == nil) == skip {
			t.Errorf("skipping submodules %t: the submodule is there: %t", skip, err == nil)
		}
		if got := git(t, clone, "config", "--local", "http.cookiefile"); (got == cookies) != skip {
			t.Errorf("skipping submodules %t: the repository's cookie file is %q", skip, got)
		}
		if global := len(readRecords(t, o.Log)[0].Commands) > 0; global == skip {
			t.Errorf("skipping submodules %t: global cookie file is set: %t", skip, global)
		}
		if entries, err := os.ReadDir(os.TempDir()); err != nil || len(entries) > 0 {
			t.Errorf("temporary files are left: %v (%v)", entries, err)
		}
	}
	if got := git(t, source, "config", "--global", "http.cookiefile"); got != "" {
		t.Errorf("the user's own configuration has cookie file %s", got)
	}
}
