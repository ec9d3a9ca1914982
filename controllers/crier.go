// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"knative.dev/pkg/controller"

	"github.com/cutwater-ci/cutwater/controllers/crier"
	reporter "github.com/cutwater-ci/cutwater/controllers/crier/github"
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
	lister := s.cluster.jobs.Prow().V1().ProwJobs().Lister()
	return crier.NewController(ctx, reporter.NewReporter(client, lister, settings), crier.Options{Metrics: function.Registerer(ctx)})
}
