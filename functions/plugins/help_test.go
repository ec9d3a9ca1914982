// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
)

// External plugins explain themselves, for the repositories that have them; one
// that does not is left out.
func TestExternalPluginHelp(t *testing.T) {
	var asked []string
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/help" {
			t.Errorf("asked by %s %s, want POST /help", r.Method, r.URL.Path)
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"Description":"It helps.","Config":{"org":"yes"},"Events":["push"],"Commands":[{"Usage":"/x","Examples":["/x"]}]}`))
	}))
	defer good.Close()
	bad := httptest.NewServer(http.NotFoundHandler())
	defer bad.Close()
	settings := &plugins.Configuration{ExternalPlugins: map[string][]plugins.ExternalPlugin{
		"org":        {{Name: "good", Endpoint: good.URL}},
		"other/repo": {{Name: "good", Endpoint: good.URL}, {Name: "bad", Endpoint: bad.URL}},
	}}
	got := newFunction(t, functionOptions{config: &config.Config{}, settings: settings, plugins: []plugin.Plugin{{Name: "none"}}}).pluginHelp()
	want := allHelp{
		AllRepos:            []string{"other/repo"},
		RepoPlugins:         map[string][]string{"": {"none"}},
		RepoExternalPlugins: map[string][]string{"": {"bad", "good"}, "org": {"good"}, "other/repo": {"good", "bad"}},
		PluginHelp:          map[string]pluginHelp{"none": {}},
		ExternalPluginHelp: map[string]pluginHelp{"good": {
			Description: "It helps.", Config: map[string]string{"org": "yes"}, Events: []string{"push"},
			Commands: []commandHelp{{Usage: "/x", Examples: []string{"/x"}}},
		}},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("/plugin-help (-want, +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"org", "other/repo"}, asked); diff != "" {
		t.Errorf("the external plugin was asked about (-want, +got):\n%s", diff)
	}
}
