// SPDX-License-Identifier: Apache-2.0

package plugins

//go:generate go run ../../hack/plugindocs ../../docs/plugins.md

import (
	"context"
	"time"

	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/functions/plugins/hold"
	"github.com/cutwater-ci/cutwater/functions/plugins/plugin"
	"github.com/cutwater-ci/cutwater/functions/plugins/trigger"
	prowclient "github.com/cutwater-ci/cutwater/internal/client/clientset/versioned/typed/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// Clients is what plugins act through.
type Clients struct {
	GitHub   *github.Client
	ProwJobs prowclient.ProwJobsGetter
	InRepo   inRepo
	Now      func() time.Time
}

// inRepo reads the jobs that repositories hold themselves.
type inRepo interface {
	Jobs(ctx context.Context, repo github.Repo, baseSHA string, headSHAs ...string) (*jobs.InRepoFile, error)
}

// All returns every plugin there is, by name.
func All(c Clients) []plugin.Plugin {
	return []plugin.Plugin{
		hold.New(c.GitHub),
		trigger.New(c.GitHub, c.ProwJobs, c.InRepo, c.Now),
	}
}
