// SPDX-License-Identifier: Apache-2.0

package git_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cutwater-ci/cutwater/internal/git"
	"github.com/cutwater-ci/cutwater/internal/git/gittest"
)

// A host that is moved away from is told the password, the one it leads to is not.
func TestRedirectTakesNoCredentialsAlong(t *testing.T) {
	var told []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header := r.Header.Get("Authorization"); header != "" {
			told = append(told, header)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="elsewhere"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer elsewhere.Close()
	asked := false
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); !ok || password != "s3cret-token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="host"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		asked = true
		http.Redirect(w, r, elsewhere.URL+r.URL.String(), http.StatusFound)
	}))
	defer host.Close()

	repo := open(t, host.URL+"/org/repo", git.Options{Credential: func(context.Context, string) (git.Credential, error) {
		return git.Credential{Username: "x-access-token", Password: "s3cret-token"}, nil
	}})
	_, err := repo.Merge(t.Context(), strings.Repeat("0", 39)+"1")
	if err == nil || strings.Contains(err.Error(), "s3cret-token") {
		t.Errorf("got error %v, want one without the password", err)
	}
	if !asked || len(told) > 0 {
		t.Errorf("the host got the password: %t; the other was told %q", asked, told)
	}
}

// A repository that was renamed is found by its old name.
func TestRedirectAtHome(t *testing.T) {
	origin := gittest.NewRepo(t)
	base := origin.Commit(map[string]string{"a": "a\n"})
	moved := origin.Serve("")
	host := httptest.NewServer(http.RedirectHandler(moved+"/info/refs?service=git-upload-pack", http.StatusMovedPermanently))
	defer host.Close()
	tree, err := open(t, host.URL+"/old/name", git.Options{}).Merge(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, tree, "a"); got != "a\n" {
		t.Errorf("got %q, want %q", got, "a\n")
	}
}
