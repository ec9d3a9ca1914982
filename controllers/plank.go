// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"net/http"
	"runtime/debug"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/pkg/controller"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/controllers/plank"
	"github.com/cutwater-ci/cutwater/internal/buildid"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/podutils/decorate"
	"github.com/cutwater-ci/cutwater/podutils/layout"
)

func newPlank(ctx context.Context, s shared) (*controller.Impl, error) {
	snowflakes, err := buildid.NewSnowflake()
	if err != nil {
		return nil, err
	}
	buildID := snowflakes.Next
	if s.environment.TotURL != "" {
		buildID = buildid.NewTot(s.environment.TotURL, &http.Client{}).Next
	}
	atStart := s.config()
	return plank.NewController(ctx, plank.Options{
		Namespace: atStart.ProwJobNamespace,
		Settings:  func() plank.Settings { return plankSettings(s.config()) },
		Clusters: map[string]plank.Cluster{
			prowv1.DefaultClusterAlias: {
				Client:    s.cluster.kube,
				Namespace: atStart.PodNamespace,
				Pods:      s.cluster.podInformer(),
			},
		},
		Pod: func(pj *prowv1.ProwJob) (*corev1.Pod, error) {
			return decorate.Pod(pj, decorate.Options{Namespace: atStart.PodNamespace, CensorAll: true})
		},
		URL:     func(pj *prowv1.ProwJob) (string, error) { return layout.JobURL(pj, jobURLs(s.config())) },
		BuildID: buildID,
		Version: version(),
		Workers: atStart.Plank.MaxGoroutines,
		Metrics: function.Registerer(ctx),
	})
}

func plankSettings(c *config.Config) plank.Settings {
	p := c.Plank
	s := plank.Settings{
		MaxConcurrency:     p.MaxConcurrency,
		QueueCapacities:    p.JobQueueCapacities,
		UnscheduledTimeout: p.PodUnscheduledTimeout.Duration,
		PendingTimeout:     p.PodPendingTimeout.Duration,
		RunningTimeout:     p.PodRunningTimeout.Duration,
	}
	if p.MaxRevivals != nil {
		s.MaxRevivals = *p.MaxRevivals
	}
	return s
}

func jobURLs(c *config.Config) layout.URLs {
	return layout.URLs{
		Prefixes:     c.Plank.JobURLPrefixConfig,
		OmitProvider: c.Plank.JobURLPrefixDisableAppendStorageProvider,
		Template:     c.Plank.JobURL(),
	}
}

// version is a short name of the commit that this was built from, as a label may hold it; empty when it is not known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return setting.Value[:12]
		}
	}
	return ""
}
