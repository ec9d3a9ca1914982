// SPDX-License-Identifier: Apache-2.0

package plugintest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/inrepo"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	prowfake "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/fake"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// Bot is who the plugin acts as.
const Bot = "ci-robot"

// Kit is what a plugin may act through.
type Kit struct {
	GitHub   *github.Client
	ProwJobs prowclient.ProwJobsGetter
	InRepo   *inrepo.Getter
	Now      func() time.Time
}

// world is a GitHub, a cluster, and a plugin that hears of what happens there.
type world struct {
	t        *testing.T
	kit      Kit
	forge    *githubtest.Server
	cluster  *prowfake.Clientset
	config   *config.Config
	settings *plugins.Configuration
	files    map[string]string

	clock *clock
	// focus is the issue or pull that is spoken of when none is named.
	focus github.Issue
	repos map[github.Repo]bool
	// workflows are the names of runs, by their number.
	workflows map[string]string
	plugin    *plugin.Plugin
	ear       string // where the plugin hears of webhooks; empty before the story begins
	deaf      bool   // whether the plugin does not hear of them for now
	// gaveUp are the plugin's permanent errors.
	gaveUp []string
	// heard are the webhooks that came, the last one last.
	heard []delivery
}

// clock is the time in the story: a minute for each thing that happens.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Minute)
}

func newWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := &world{
		t: t, files: files, cluster: prowfake.NewSimpleClientset(), repos: map[github.Repo]bool{}, workflows: map[string]string{},
		clock: &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	}
	w.configure()
	server := githubtest.Start(t, githubtest.Options{Dir: t.TempDir(), Now: w.clock.read})
	w.forge = server
	server.AddUser(Bot)
	gh, err := github.New(t.Context(), github.Options{
		Endpoint: server.URL(), Host: server.URL(), TokenFile: w.write("token", server.Token(Bot)),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.kit = Kit{GitHub: gh, ProwJobs: w.cluster.ProwV1(), Now: w.clock.read}
	if w.kit.InRepo, err = inrepo.New(t.Context(), gh, inrepo.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return w
}

// configure loads the configuration from the story's files.
func (w *world) configure() {
	w.t.Helper()
	var err error
	files := config.Files{Config: w.write("config.yaml", w.files["config.yaml"])}
	if jobs, ok := w.files["jobs.yaml"]; ok {
		files.Jobs = w.write("jobs.yaml", jobs)
	}
	if w.config, err = config.Load(w.t.Context(), files); err != nil {
		w.t.Fatal(err)
	}
	w.settings, err = plugins.Load(w.t.Context(), plugins.Files{Config: w.write("plugins.yaml", w.files["plugins.yaml"])})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(name, content string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// begin lets the plugin hear of everything from now on.
func (w *world) begin(p plugin.Plugin) {
	w.t.Helper()
	w.plugin = &p
	ear := httptest.NewServer(http.HandlerFunc(w.hear))
	w.t.Cleanup(ear.Close)
	w.ear = ear.URL
	for repo := range w.repos {
		if err := w.listen(repo); err != nil {
			w.t.Fatal(err)
		}
	}
	w.settle()
	w.forge.Requests() // what was before the story
}

// listen has the repository's webhooks sent to the plugin.
func (w *world) listen(repo github.Repo) error {
	return w.forge.AddWebhook(githubtest.Webhook{URL: w.ear, Repo: repo.String()})
}

// hear gives a webhook to the plugin.
func (w *world) hear(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
		return
	}
	d := delivery{event: r.Header.Get("X-GitHub-Event"), guid: r.Header.Get("X-GitHub-Delivery"), body: body}
	if webhook.Decodable(d.event) {
		w.heard = append(w.heard, d)
	}
	if !w.deaf {
		w.tell(r.Context(), d)
	}
}

// delivery is a webhook.
type delivery struct {
	event, guid string
	body        []byte
}

// tell gives the plugin a webhook, which may have come before.
func (w *world) tell(ctx context.Context, d delivery) {
	payload, err := webhook.Decode(d.event, d.guid, d.body)
	if err != nil {
		w.t.Error(err)
		return
	}
	e := plugin.Event{Config: w.config, Plugins: w.settings, Time: plugin.TimeOf(payload, w.clock.read())}
	for _, call := range w.plugin.Calls(e, payload) {
		err := call(context.WithoutCancel(ctx))
		switch {
		case event.IsPermanent(err):
			w.gaveUp = append(w.gaveUp, "gave up: "+err.Error())
		case err != nil:
			w.t.Errorf("%s: %v", d.event, err)
		}
	}
}

// settle waits until the plugin has dealt with all that happened.
func (w *world) settle() {
	w.t.Helper()
	if err := w.forge.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}
