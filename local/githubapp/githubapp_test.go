// SPDX-License-Identifier: Apache-2.0

package githubapp_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/githubapp"
)

// flow is an App in the making, by somebody with a browser.
type flow struct {
	t      *testing.T
	forge  *githubtest.Server
	page   string // its address
	client *http.Client
	cancel context.CancelFunc
	ended  chan error
	app    github.NewApp
}

// begin starts the making of an App. The clock of GitHub is ahead by late.
func begin(t *testing.T, o githubapp.Options, late *atomic.Int64) *flow {
	t.Helper()
	return beginBy(t, o, late, func(gh *github.Client) client { return gh })
}

// client is what the making needs of GitHub.
type client interface {
	CompleteManifest(ctx context.Context, code string) (github.NewApp, error)
	WebURL() string
}

// beginBy starts it by what way makes of GitHub's client.
func beginBy(t *testing.T, o githubapp.Options, late *atomic.Int64, way func(*github.Client) client) *flow {
	t.Helper()
	now := func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	forge := githubtest.Start(t, githubtest.Options{Now: now})
	gh, err := github.New(t.Context(), github.Options{Endpoint: forge.URL(), Host: forge.URL()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan string, 1)
	o.Started = func(url string) error { started <- url; return nil }
	f := &flow{t: t, forge: forge, client: &http.Client{}, cancel: cancel, ended: make(chan error, 1)}
	go func() {
		var err error
		f.app, err = githubapp.Create(ctx, way(gh), o)
		f.ended <- err
	}()
	t.Cleanup(cancel)
	select {
	case f.page = <-started:
	case err := <-f.ended:
		t.Fatal(err)
	}
	return f
}

// get reads a page, following redirects, and returns its status and text.
func (f *flow) get(address string) (int, string) {
	f.t.Helper()
	response, err := f.client.Get(address)
	return f.read(response, err)
}

func (f *flow) post(address string, form url.Values) (int, string) {
	f.t.Helper()
	response, err := f.client.PostForm(address, form)
	return f.read(response, err)
}

func (f *flow) read(response *http.Response, err error) (int, string) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// found is what a pattern's group matches in a page.
func (f *flow) found(text, pattern string) string {
	f.t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		f.t.Fatalf("%s is not in:\n%s", pattern, text)
	}
	return html.UnescapeString(match[1])
}

// manifest is where the page posts to, and what.
func (f *flow) manifest() (address, manifest string) {
	f.t.Helper()
	_, text := f.get(f.page)
	return f.found(text, `action="([^"]*)"`), f.found(text, `name="manifest" value="([^"]*)"`)
}

// code goes through GitHub's page, and returns where that sends the browser.
func (f *flow) redirect() string {
	f.t.Helper()
	address, manifest := f.manifest()
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { f.client.CheckRedirect = nil }()
	response, err := f.client.PostForm(address, url.Values{"manifest": {manifest}, "app[name]": {"Cut Water"}})
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.Header.Get("Location")
}

func options() githubapp.Options {
	return githubapp.Options{Org: "org", Name: "cutwater", WebhookURL: "https://hook.example.com/hook"}
}

// The App that comes out is what the table says, and its keys are good.
func TestCreate(t *testing.T) {
	f := begin(t, options(), &atomic.Int64{})
	address, manifest := f.manifest()
	if want := f.forge.URL() + "/organizations/org/settings/apps/new?state="; !strings.HasPrefix(address, want) {
		t.Errorf("the manifest is posted to %s, want %s", address, want)
	}
	_, text := f.post(address, url.Values{"manifest": {manifest}})
	name := f.found(text, `name="app\[name\]" value="([^"]*)"`)
	status, text := f.post(address, url.Values{"manifest": {manifest}, "app[name]": {name}})
	if install := f.found(text, `id="install" href="([^"]*)"`); status != http.StatusOK || install != f.forge.URL()+"/apps/cutwater/installations/new" {
		t.Errorf("status %d, install at %s", status, install)
	}
	if err := <-f.ended; err != nil {
		t.Fatal(err)
	}

	folder := githubapp.Folder(t.TempDir())
	if err := folder.Write(f.app); err != nil {
		t.Fatal(err)
	}
	gh, err := github.New(t.Context(), github.Options{
		Endpoint: f.forge.URL(), Host: f.forge.URL(), AppID: f.app.ID, AppKeyFile: folder.Path(githubapp.PrivateKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	app, err := gh.App(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]github.Lack(nil), github.LacksPermissions(app.Permissions)); diff != "" {
		t.Errorf("permissions that it lacks (-want +got):\n%s", diff)
	}
	if len(app.Permissions) != len(github.AppPermissions()) {
		t.Errorf("permissions %v, more than are needed", app.Permissions)
	}
	if lacks := github.LacksEvents(app.Events); lacks != nil {
		t.Errorf("it is not sent %v", lacks)
	}
	hook, err := gh.AppHook(t.Context())
	if want := (github.AppHook{URL: "https://hook.example.com/hook", ContentType: "json", HasSecret: true}); err != nil || hook != want {
		t.Errorf("webhook %+v, %v, want %+v", hook, err, want)
	}
}

// What does not come from the GitHub that was asked changes nothing, and the
// right answer is taken after it as well.
func TestHostileRedirect(t *testing.T) {
	f := begin(t, options(), &atomic.Int64{})
	right := f.redirect()
	parsed, err := url.Parse(right)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(url.Values)) string {
		query, other := parsed.Query(), *parsed
		change(query)
		other.RawQuery = query.Encode()
		return other.String()
	}
	for _, tc := range []struct {
		name, address string
		status        int
	}{
		{"another state", with(func(q url.Values) { q.Set("state", "guess") }), http.StatusForbidden},
		{"no state", with(func(q url.Values) { q.Del("state") }), http.StatusForbidden},
		{"no code", with(func(q url.Values) { q.Del("code") }), http.StatusBadRequest},
		{"a path for a code", with(func(q url.Values) { q.Set("code", "../../app") }), http.StatusBadRequest},
		{"the page without its secret", "http://" + parsed.Host + "/", http.StatusNotFound},
		{"another name for this machine", strings.Replace(f.page, "127.0.0.1", "localhost", 1), http.StatusMisdirectedRequest},
	} {
		if status, text := f.get(tc.address); status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", tc.name, status, tc.status, text)
		}
	}
	for _, request := range f.forge.Requests() {
		t.Errorf("GitHub was asked %s %s", request.Method, request.Path)
	}
	if status, _ := f.get(right); status != http.StatusOK {
		t.Errorf("the right answer: status %d", status)
	}
	if err := <-f.ended; err != nil || f.app.Slug != "cut-water" {
		t.Errorf("App %q, %v", f.app.Slug, err)
	}
}

func TestCodeExpired(t *testing.T) {
	var late atomic.Int64
	f := begin(t, options(), &late)
	right := f.redirect()
	late.Store(int64(61 * time.Minute))
	status, text := f.get(right)
	err := <-f.ended
	if !errors.Is(err, github.ErrCodeExpired) || status != http.StatusBadGateway || !strings.Contains(text, github.ErrCodeExpired.Error()) {
		t.Errorf("error %v, status %d, page %s", err, status, text)
	}
	parsed, parseErr := url.Parse(right)
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	if code := parsed.Query().Get("code"); code == "" || strings.Contains(err.Error(), code) {
		t.Errorf("the error tells the code %q: %v", code, err)
	}
}

// slow is GitHub's client while GitHub takes its time.
type slow struct {
	*github.Client

	asked, answer chan struct{}
}

func (s slow) CompleteManifest(ctx context.Context, code string) (github.NewApp, error) {
	close(s.asked)
	<-s.answer
	return s.Client.CompleteManifest(ctx, code)
}

// Who ends the command while GitHub hands out the keys has them all the same.
func TestEndWhileRedeeming(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	f := beginBy(t, options(), &atomic.Int64{}, func(gh *github.Client) client { return slow{gh, asked, answer} })
	right := f.redirect()
	go func() {
		if response, err := http.Get(right); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-asked
	f.cancel()
	close(answer)
	if err := <-f.ended; err != nil || f.app.PrivateKey == "" {
		t.Errorf("an App with a key: %t, %v", f.app.PrivateKey != "", err)
	}
}

// What goes wrong before there is an App ends it.
func TestNotStarted(t *testing.T) {
	o, want := options(), errors.New("no place for the keys")
	o.Started = func(string) error { return want }
	if _, err := githubapp.Create(t.Context(), (*github.Client)(nil), o); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// Nobody else reads where the page is, and of the file nothing stays.
func TestDoor(t *testing.T) {
	folder := githubapp.Folder(filepath.Join(t.TempDir(), "keys"))
	door, err := folder.Door("http://127.0.0.1:1/SECRET")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{door: 0o600, string(folder): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
	if err := folder.Free(); err != nil || !filepath.IsAbs(door) || strings.Contains(door, "SECRET") {
		t.Errorf("door %s, %v", door, err)
	}
	folder.Shut()
	if _, err := os.Stat(string(folder)); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, tc := range []struct {
		change func(*githubapp.Options)
		want   string
	}{
		{func(*githubapp.Options) {}, "<nil>"},
		{func(o *githubapp.Options) { o.Name = "" }, `the App's name must have 1 to 34 characters: ""`},
		{func(o *githubapp.Options) { o.Name = strings.Repeat("a", 35) }, `the App's name must have 1 to 34 characters: "` + strings.Repeat("a", 35) + `"`},
		{func(o *githubapp.Options) { o.WebhookURL = "hook.example.com/hook" }, "the webhook's URL must be an http(s) URL without user and password, such as https://hook.example.com/hook"},
		{func(o *githubapp.Options) { o.WebhookURL = "https://hook.example.com/" }, "the webhook's URL has no path; hook takes events at /hook"},
	} {
		o := options()
		tc.change(&o)
		if got := fmt.Sprint(o.Validate()); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// Keys are for their owner alone, and are not written over by accident.
func TestFolder(t *testing.T) {
	folder := githubapp.Folder(t.TempDir() + "/keys")
	if err := folder.Free(); err != nil {
		t.Fatal(err)
	}
	app := github.NewApp{App: github.App{ID: 7}, PrivateKey: "pem", WebhookSecret: "hush", ClientID: "Iv1", ClientSecret: "s"}
	if err := folder.Write(app); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"hmac", "app-id", "private-key", "client-id", "client-secret"} {
		info, err := os.Stat(folder.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		content, err := os.ReadFile(folder.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(content)
	}
	want := map[string]string{"hmac": "hush", "app-id": "7", "private-key": "pem", "client-id": "Iv1", "client-secret": "s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := folder.Free(); err == nil {
		t.Error("a folder with keys is said to be free")
	}
	if err := folder.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(folder)); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}
