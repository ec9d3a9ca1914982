// SPDX-License-Identifier: Apache-2.0

package clonerefs_test

import (
	"encoding/base64"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// The secrets of these tests.
const (
	token      = "ghs_t0ken/with+odd=signs"
	otherToken = "ghs_0therT0ken"
)

// newForges makes a source with the repository at several places, and a forge
// of them.
func newForges(t *testing.T) (*forge, string) {
	t.Helper()
	source := newSource(t)
	t.Setenv("TMPDIR", t.TempDir())
	runScript(t, source, "mkdir org other open; ln -s ../repo.git org/repo.git; ln -s ../repo.git org/second.git; ln -s ../repo.git other/repo.git; ln -s ../repo.git open/repo.git")
	return newForge(t, source), source
}

// withToken makes options clone with a token in a file.
func withToken(t *testing.T, o *options.Clone, token string) *options.Clone {
	t.Helper()
	o.OauthTokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(o.OauthTokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOAuthToken(t *testing.T) {
	f, _ := newForges(t)
	f.users["/org/"] = token + ":x-oauth-basic"
	refs := f.refs("org", "repo", prowv1.Pull{Number: 1, SHA: pull1})
	o := withToken(t, newOptions(t, refs), token)
	records, log := run(t, o)
	checkSecrecy(t, f.spy, log, o)
	checkCloned(t, records)
	checkFetch(t, records[0], "git fetch http://CENSORED:x-oauth-basic@"+strings.TrimPrefix(f.URL, "http://")+"/org/repo.git --tags --prune")
	if len(f.asked) != len(f.answered) {
		t.Errorf("%d of %d requests were refused, want none", len(f.asked)-len(f.answered), len(f.asked))
	}
}

// What a host refuses does not take a minute of further attempts, and the record
// says what to do.
func TestWrongToken(t *testing.T) {
	f, _ := newForges(t)
	f.users["/org/"] = "another:x-oauth-basic"
	o := withToken(t, newOptions(t, f.refs("org", "repo")), token)
	attempts, waits := countWaits(t, o)
	records := readRecords(t, o.Log)[1:]
	checkSecrecy(t, f.spy, "", o)
	checkExplained(t, records, "The host refused to let us read the repository.")
	if attempts != 10 || waits > 10 {
		t.Errorf("%d attempts in %v s, want 10 in less than 10 s", attempts, waits)
	}
}

// A repository without a token is cloned in its turn beside those that need one.
func TestGitHubApp(t *testing.T) {
	f, source := newForges(t)
	keyFile := filepath.Join(source, "key.pem")
	api, given := f.github(writeKey(t, keyFile), map[string]string{"org": token, "other": otherToken})
	pull := prowv1.Pull{Number: 1, SHA: pull1}
	o := newOptions(t, f.refs("org", "repo", pull), f.refs("other", "repo", pull), f.refs("org", "second"), f.refs("other", "repo"))
	o.Refs[3].PathAlias = "again"
	o.GitHubAppID, o.GitHubAppPrivateKeyFile = "7", keyFile
	o.GitHubAPIEndpoints = []string{api + "/nothing-here", api}
	records, log := run(t, o)
	checkSecrecy(t, f.spy, log, o)
	checkCloned(t, records)
	if diff := cmp.Diff(map[string]int{"org": 1, "other": 1}, given); diff != "" {
		t.Errorf("tokens for each org (-want +got):\n%s", diff)
	}
	for _, record := range records {
		checkFetch(t, record, "git fetch http://ci-app%5Bbot%5D:CENSORED@"+strings.TrimPrefix(record.Refs.CloneURI, "http://")+" --tags --prune")
	}
}

// Where the app is not installed nothing can be cloned, and the record says so.
func TestGitHubAppElsewhere(t *testing.T) {
	f, source := newForges(t)
	o := newOptions(t, f.refs("open", "repo"))
	o.GitHubAppID, o.GitHubAppPrivateKeyFile = "7", filepath.Join(source, "key.pem")
	api, _ := f.github(writeKey(t, o.GitHubAppPrivateKeyFile), nil)
	o.GitHubAPIEndpoints = []string{api}
	records, _ := run(t, o)
	checkExplained(t, records, "The GitHub App is not installed for this repository.")
}

// A user and password that the URI has are as secret as others.
func TestUserInURI(t *testing.T) {
	for name, user := range map[string][2]string{
		"password":       {"ann", token},
		"token as user":  {token, "x-oauth-basic"},
		"token and void": {token, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newForges(t)
			f.users["/org/"] = user[0] + ":" + user[1]
			refs := f.refs("org", "repo", prowv1.Pull{Number: 1, SHA: pull1})
			bare := refs.CloneURI
			refs.CloneURI = withUser(t, bare, user[0], user[1])
			o := newOptions(t, refs)
			records, log := run(t, o)
			checkSecrecy(t, f.spy, log, o)
			checkCloned(t, records)
			shown := strings.Replace(bare, "//", "//CENSORED@", 1)
			checkFetch(t, records[0], "git fetch "+shown+" --tags --prune")
			if got := records[0].Refs.CloneURI; got != shown {
				t.Errorf("refs in the record are cloned from %s, want %s", got, shown)
			}
		})
	}
}

// A URI that git would perhaps read, but we cannot, is not handed to git, nor told.
func TestUnreadableURI(t *testing.T) {
	f, _ := newForges(t)
	refs := f.refs("org", "repo")
	refs.CloneURI = strings.Replace(refs.CloneURI, "//", "//ann:%zz"+otherToken+"@", 1)
	o := newOptions(t, refs)
	records, log := run(t, o)
	if len(f.asked) > 0 || !records[0].Failed {
		t.Errorf("it was cloned, or tried to be: %d requests", len(f.asked))
	}
	if text := log + layout.CloneLog(records) + records[0].Refs.CloneURI; strings.Contains(text, otherToken) {
		t.Errorf("the password shows:\n%s", text)
	}
}

// A redirect to another host does not take the token there, though the
// repository that it leads to is cloned; one on the same host does.
func TestRedirects(t *testing.T) {
	f, source := newForges(t)
	elsewhere := newForge(t, source)
	f.users["/org/"] = token + ":x-oauth-basic"
	f.moved["/gone/"], f.moved["/renamed/"] = elsewhere.URL+"/open/", f.URL+"/org/"
	o := withToken(t, newOptions(t, f.refs("gone", "repo"), f.refs("renamed", "repo")), token)
	records, log := run(t, o)
	checkSecrecy(t, f.spy, log, o)
	checkCloned(t, records)
	if len(elsewhere.answered) == 0 {
		t.Error("nobody followed the redirect")
	}
	for _, request := range elsewhere.asked {
		if got := request.Header.Get("Authorization"); got != "" {
			t.Errorf("%s %s came with %q", request.Method, request.URL, got)
		}
	}
}

// File contents that a clone leaves out are fetched at checkout and merge, with
// the token too, which no file keeps.
func TestPrivateBlobless(t *testing.T) {
	for name, set := range map[string]func(r *prowv1.Refs){
		"blobless": func(r *prowv1.Refs) { r.BloblessFetch = new(true) },
		"sparse":   func(r *prowv1.Refs) { r.SparseCheckoutFiles = []string{"docs"} },
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newForges(t)
			f.users["/org/"] = token + ":x-oauth-basic"
			refs := f.refs("org", "repo", prowv1.Pull{Number: 1, SHA: pull1})
			set(&refs)
			o := withToken(t, newOptions(t, refs), token)
			records, log := run(t, o)
			checkSecrecy(t, f.spy, log, o)
			checkCloned(t, records)
		})
	}
}

// Private submodules are cloned with the token, where the base branch has them;
// a pull request gets no other repository that way.
func TestPrivateSubmodules(t *testing.T) {
	f, source := newForges(t)
	f.users["/org/"], f.users["/other/"] = token+":x-oauth-basic", token+":x-oauth-basic"
	runScript(t, source, `
git clone -q repo.git super
cd super
git config --file .gitmodules submodule.sub.path sub
git config --file .gitmodules submodule.sub.url `+f.URL+`/org/second.git
git config --file .gitmodules submodule.open.path open
git config --file .gitmodules submodule.open.url `+f.URL+`/open/repo.git
git update-index --add --cacheinfo 160000,`+mainSHA+`,sub --cacheinfo 160000,`+mainSHA+`,open
git add .gitmodules
git commit -qm sub
git checkout -qb evil
git config --file .gitmodules submodule.evil.path evil
git config --file .gitmodules submodule.evil.url `+f.URL+`/other/repo.git
git update-index --add --cacheinfo 160000,`+mainSHA+`,evil
git add .gitmodules
git commit -qm evil
cd ..
git clone -q --bare super org/super.git
`)
	pulls := map[string][]prowv1.Pull{"good": nil, "evil": {{Number: 1, Ref: "evil"}}}
	for name, pulls := range pulls {
		refs := f.refs("org", "super", pulls...)
		refs.PathAlias = name
		o := withToken(t, newOptions(t, refs), token)
		records, log := run(t, o)
		checkSecrecy(t, f.spy, log, o)
		if got, want := records[0].Failed, name == "evil"; got != want {
			t.Errorf("%s: clone failed: %t, want %t:\n%s", name, got, want, layout.CloneLog(records))
		}
		for _, sub := range []string{"sub", "open"} {
			if _, err := os.Stat(filepath.Join(o.SrcRoot, "src", name, sub, "README.md")); name == "good" && err != nil {
				t.Error(err)
			}
		}
	}
	for _, request := range f.answered {
		if strings.HasPrefix(request.URL.Path, "/other/") {
			t.Errorf("the pull request got at %s", request.URL)
		}
	}
}

// checkCloned wants all records to be of success.
func checkCloned(t *testing.T, records []layout.CloneRecord) {
	t.Helper()
	for i := range records {
		if records[i].Failed || records[i].FinalSHA == "" {
			t.Errorf("clone failed:\n%s", layout.CloneLog(records[i:i+1]))
		}
	}
}

// checkExplained wants the first clone to have failed with an explanation.
func checkExplained(t *testing.T, records []layout.CloneRecord, want string) {
	t.Helper()
	if got := records[0].Explanation; !records[0].Failed || !strings.HasPrefix(got, want) {
		t.Errorf("explanation is %q, want %q…:\n%s", got, want, layout.CloneLog(records))
	}
	if text := layout.CloneLog(records); !strings.Contains(text, "\n# "+want) {
		t.Errorf("the clone log does not explain:\n%s", text)
	}
}

func checkFetch(t *testing.T, record layout.CloneRecord, want string) {
	t.Helper()
	for _, command := range record.Commands {
		if strings.HasSuffix(command.Command, " "+want) {
			return
		}
	}
	t.Errorf("no command %q in\n%s", want, layout.CloneLog([]layout.CloneRecord{record}))
}

// checkSecrecy looks for the tokens, in any form, wherever they could have gone.
func checkSecrecy(t *testing.T, spy *spy, log string, o *options.Clone) {
	t.Helper()
	places := everything(t, spy, log, o)
	for _, place := range slices.Sorted(maps.Keys(places)) {
		for _, secret := range forms(token, otherToken) {
			if strings.Contains(places[place], secret) {
				t.Errorf("%s holds %q:\n%s", place, secret, places[place])
			}
		}
	}
}

// everything is what is left of a run, or could have been seen of it: the
// program's log, process lists, all files of the clones and the temporary ones.
func everything(t *testing.T, spy *spy, log string, o *options.Clone) map[string]string {
	t.Helper()
	places := map[string]string{"log": log, "process list": spy.text(t)}
	for _, dir := range []string{filepath.Dir(o.SrcRoot), os.TempDir(), os.Getenv("HOME")} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			places[path] = string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return places
}

// forms are secrets as they could be written.
func forms(secrets ...string) []string {
	var all []string
	for _, s := range secrets {
		all = append(all, s, url.QueryEscape(s), url.PathEscape(s), strings.Split(s, "/")[0])
		for _, pair := range []string{s, s + ":", s + ":x-oauth-basic", "ci-app[bot]:" + s, "ann:" + s} {
			all = append(all, base64.StdEncoding.EncodeToString([]byte(pair)))
		}
	}
	return all
}
