// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"knative.dev/pkg/controller"

	"github.com/cutwater-ci/cutwater/controllers/crier"
	"github.com/cutwater-ci/cutwater/controllers/crier/bucket"
	reporter "github.com/cutwater-ci/cutwater/controllers/crier/github"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/injection/client"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/github"
)

func newCrier(ctx context.Context, s shared) (*controller.Impl, error) {
	options := s.environment.GitHub.Options()
	options.UserAgent = "cutwater-crier"
	client, err := github.New(ctx, options)
	if err != nil {
		return nil, err
	}
	settings := func() reporter.Settings { return reporter.SettingsFrom(s.config()) }
	jobs := s.cluster.jobs.Prow().V1().ProwJobs().Informer()
	if err := jobs.AddIndexers(reporter.Indexers()); err != nil {
		return nil, fmt.Errorf("indexing ProwJobs: %w", err)
	}
	return crier.NewController(ctx, reporter.NewReporter(client, jobs.GetIndexer(), settings), crier.Options{Metrics: function.Registerer(ctx)})
}

func newBucketCrier(ctx context.Context, s shared) (*controller.Impl, error) {
	settings := func() bucket.Settings { return bucket.SettingsFrom(s.config()) }
	r := bucket.NewReporter(prowclient.Get(ctx).ProwV1(), s.environment.Credentials, settings)
	return crier.NewController(ctx, r, crier.Options{Metrics: function.Registerer(ctx)})
}
