// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// allHelp is what GET /plugin-help answers. The names of fields are Prow's; the
// key "" of the maps by repository stands for everywhere.
type allHelp struct {
	AllRepos            []string
	RepoPlugins         map[string][]string
	RepoExternalPlugins map[string][]string
	PluginHelp          map[string]pluginHelp
	ExternalPluginHelp  map[string]pluginHelp
}

// pluginHelp explains one plugin; external plugins send the same.
type pluginHelp struct {
	Description string
	Config      map[string]string
	Snippet     string `json:",omitempty"`
	Events      []string
	Commands    []commandHelp
}

type commandHelp struct {
	Usage       string
	Featured    bool
	Description string
	Examples    []string
	WhoCanUse   string
}

// helper serves the explanation of all plugins.
type helper struct {
	plugins  []plugin.Plugin
	settings func() *plugins.Configuration
	client   *http.Client
}

func (h helper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := json.Marshal(h.all(r.Context()))
	if err != nil {
		logging.FromContext(r.Context()).Errorw("cannot write the help of plugins", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // the reader has gone
}

func (h helper) all(ctx context.Context) allHelp {
	settings := h.settings()
	_, repos := settings.Repos()
	help := allHelp{
		AllRepos:            append([]string{}, repos...), // never null
		RepoPlugins:         map[string][]string{},
		RepoExternalPlugins: map[string][]string{},
		PluginHelp:          map[string]pluginHelp{},
	}
	for _, p := range h.plugins {
		help.RepoPlugins[""] = append(help.RepoPlugins[""], p.Name)
		help.PluginHelp[p.Name] = describe(p, settings)
	}
	for key, enabled := range settings.Plugins {
		help.RepoPlugins[key] = enabled.Plugins
	}
	elsewhere := map[string]plugins.ExternalPlugin{}
	for key, enabled := range settings.ExternalPlugins {
		for _, p := range enabled {
			help.RepoExternalPlugins[key] = append(help.RepoExternalPlugins[key], p.Name)
			elsewhere[p.Name] = p
		}
	}
	// Nil, not empty, when there are none: so has Prow.
	help.RepoExternalPlugins[""] = slices.Sorted(maps.Keys(elsewhere))
	help.ExternalPluginHelp = h.askAll(ctx, settings, elsewhere)
	return help
}

// describe explains one plugin, with what the configuration means for the
// repositories that have it.
func describe(p plugin.Plugin, settings *plugins.Configuration) pluginHelp {
	help := pluginHelp{Description: p.Help.Description, Snippet: p.Help.Snippet, Events: p.Events()}
	if p.Help.Config != nil {
		help.Config = p.Help.Config(settings, reposWith(p.Name, settings))
	}
	for _, c := range p.Commands {
		help.Commands = append(help.Commands, commandHelp{
			Usage: c.Usage, Featured: c.Featured, Description: c.Description, Examples: c.Examples, WhoCanUse: c.WhoCanUse,
		})
	}
	return help
}

// reposWith returns the repositories for which the plugin is named itself.
func reposWith(name string, settings *plugins.Configuration) []github.Repo {
	var repos []github.Repo
	for _, key := range slices.Sorted(maps.Keys(settings.Plugins)) {
		if repo, ok := repoOfKey(key); ok && slices.Contains(settings.Plugins[key].Plugins, name) {
			repos = append(repos, repo)
		}
	}
	return repos
}

// repoOfKey reads org/repo; a Gerrit's org may be a URL.
func repoOfKey(key string) (github.Repo, bool) {
	scheme, rest, isURL := strings.Cut(key, "://")
	if !isURL {
		scheme, rest = "", key
	} else {
		scheme += "://"
	}
	org, name, ok := strings.Cut(rest, "/")
	return github.Repo{Org: scheme + org, Name: name}, ok
}

// askAll asks the external plugins to explain themselves, those that answer in time.
func (h helper) askAll(ctx context.Context, settings *plugins.Configuration, elsewhere map[string]plugins.ExternalPlugin) map[string]pluginHelp {
	help := map[string]pluginHelp{}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var mu sync.Mutex
	var asking sync.WaitGroup
	for name, p := range elsewhere {
		asking.Go(func() {
			answer, err := h.ask(ctx, p, reposWithExternal(name, settings))
			if err != nil {
				logging.FromContext(ctx).Warnw("external plugin does not explain itself", "plugin", name, "error", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			help[name] = answer
		})
	}
	asking.Wait()
	return help
}

// reposWithExternal returns the orgs and repositories that the external plugin is enabled for.
func reposWithExternal(name string, settings *plugins.Configuration) []string {
	var keys []string
	for key, enabled := range settings.ExternalPlugins {
		if slices.ContainsFunc(enabled, func(p plugins.ExternalPlugin) bool { return p.Name == name }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// ask has one external plugin explain itself, for these repositories.
func (h helper) ask(ctx context.Context, p plugins.ExternalPlugin, repos []string) (pluginHelp, error) {
	body, err := json.Marshal(repos)
	if err != nil {
		return pluginHelp{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.Endpoint, "/")+"/help", bytes.NewReader(body))
	if err != nil {
		return pluginHelp{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := h.client.Do(request)
	if err != nil {
		return pluginHelp{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return pluginHelp{}, fmt.Errorf("answered %s", response.Status)
	}
	var help pluginHelp
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&help)
	return help, err
}
