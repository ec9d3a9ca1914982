// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"

	"knative.dev/pkg/controller"

	"github.com/cutwater-ci/cutwater/controllers/schedule"
)

func newSchedule(ctx context.Context, s shared) (*controller.Impl, error) {
	return schedule.NewController(ctx, schedule.Options{
		ConfigPath:    s.environment.ConfigPath,
		JobConfigPath: s.environment.JobConfigPath,
		JobNamespace:  s.cluster.jobNamespace,
		Namespace:     cmp.Or(s.environment.Namespace, s.cluster.jobNamespace),
		Kube:          s.cluster.kube,
		Dynamic:       s.cluster.dynamic,
	})
}
