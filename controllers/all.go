// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"knative.dev/pkg/controller"

	"github.com/cutwater-ci/cutwater/config"
)

// constructor makes a controller of what all have in common. The context
// carries the clients, informers, logger and event recorder that
// knative.dev/pkg/injection would put there.
type constructor func(ctx context.Context, s shared) (*controller.Impl, error)

// shared is what controllers are made of.
type shared struct {
	environment Environment
	config      func() *config.Config
	cluster     *cluster
}

// named is a controller that can be asked for.
type named struct {
	name  string
	lease string
	make  constructor
}

// all lists the controllers.
func all() []named {
	return []named{
		// Prow's plank has this lease, too, so that only one of the two is at work.
		{name: "plank", lease: "prow-controller-manager-leader-lock", make: newPlank},
		{name: "crier", lease: "crier-github-reporter", make: newCrier},
		{name: "crier-bucket", lease: "crier-bucket-reporter", make: newBucketCrier},
		{name: "schedule", lease: "horologium-timetable", make: newSchedule},
	}
}
