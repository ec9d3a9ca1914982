// SPDX-License-Identifier: Apache-2.0

// Package plugins is the function that gives every event to the plugins enabled
// for its repository, and keeps the ledger of what each did with it.
//
// It is started by the events that functions/hook sends through the broker, and
// serves GET /plugin-help. It changes what its plugins change, and the ledger in
// the bucket. Config: plugins, external_plugins, and what each plugin reads. In
// Prow: the half of "hook" that follows the webhook's acceptance.
package plugins

import (
	"context"
	"net/http"
	"time"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/config/plugins"
	"github.com/cutwater-ci/cutwater/config/reload"
	"github.com/cutwater-ci/cutwater/internal/blob"
	"github.com/cutwater-ci/cutwater/internal/event"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/inbox"
	webhook "github.com/cutwater-ci/cutwater/triggers/github"
)

// New returns the function's handler: POST / takes an event, GET /plugin-help
// explains the plugins.
func New(ctx context.Context, env function.Lookup) (http.Handler, error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	bucket, err := blob.OpenWithCredentials(ctx, e.Bucket, e.Credentials)
	if err != nil {
		return nil, err
	}
	secrets, err := webhook.OpenSecrets(e.HMACSecretFile)
	if err != nil {
		return nil, err
	}
	configs, err := config.NewStore(ctx, e.Config.Files(), reload.Options{Copies: lastgood.In(bucket, lastgood.Config)})
	if err != nil {
		return nil, err
	}
	settings, err := plugins.NewStore(ctx, e.pluginFiles(), reload.Options{Copies: lastgood.In(bucket, lastgood.Plugins)})
	if err != nil {
		return nil, err
	}
	clients, err := e.clients(ctx)
	if err != nil {
		return nil, err
	}
	if err := needsGit(clients, configs.Load()); err != nil {
		return nil, err
	}
	box := inbox.New(bucket)
	h := &handler{
		reader:   webhook.NewReader(box, secrets),
		ledger:   ledger{box},
		config:   configs.Load,
		settings: settings.Load,
		plugins:  All(clients),
		external: external{client: &http.Client{}, inbox: box},
		metrics:  newMetrics(function.Registerer(ctx)),
		timeout:  e.PluginTimeout,
		now:      time.Now,
	}
	return h.routes(), nil
}

// needsGit fails where repositories may hold jobs and there is no git to read them.
func needsGit(c Clients, conf *config.Config) error {
	for _, enabled := range conf.InRepoConfig.Enabled {
		if mirrors, ok := c.InRepo.(*lazyInRepo); ok && enabled != nil && *enabled {
			_, err := mirrors.open()
			return err
		}
	}
	return nil
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /{$}", event.Handler(h.handle))
	mux.Handle("GET /plugin-help", helper{plugins: h.plugins, settings: h.settings, client: h.external.client})
	return mux
}
