// SPDX-License-Identifier: Apache-2.0

// Package controllers runs the reconcilers: what an object starts is done
// here, in one process that stays up.
//
// Starts on: changes of ProwJobs and their pods. Changes: what the controllers
// in all.go change, and one lease for each of them, in the namespace of the
// ProwJobs; replicas wait for each other's leases. Config: prowjob_namespace,
// pod_namespace and max_goroutines, at the start; all else whenever it is
// needed. In Prow: the programs prow-controller-manager and crier.
package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/lastgood"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/internal/kubeconfig"
)

// Run runs the controllers as a process of their own until ctx ends: with a
// logger, and with /healthz and /metrics on PORT. It returns when all work has
// ended and the leases are given back.
func Run(ctx context.Context, env function.Lookup) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended chan error
	err := function.Run(ctx, "controller", env, func(ctx context.Context, env function.Lookup) (http.Handler, error) {
		work, err := New(ctx, env)
		if err != nil {
			return nil, err
		}
		ended = make(chan error, 1)
		go func() {
			defer cancel()
			ended <- work(ctx)
		}()
		return http.NotFoundHandler(), nil
	})
	if ended == nil {
		return err // it did not begin
	}
	cancel()
	return errors.Join(err, <-ended)
}

// New prepares the controllers and returns what runs them until its context
// ends. The logger and the metrics are those of ctx (package function). It
// fails on what could not get better by waiting; an API server that is away could.
func New(ctx context.Context, env function.Lookup) (run func(context.Context) error, err error) {
	var e Environment
	if err := function.Decode(ctx, env, &e); err != nil {
		return nil, err
	}
	kubernetes, err := kubeconfig.Load(e.Kubeconfig)
	if err != nil {
		return nil, err
	}
	files := config.Files{Config: e.ConfigPath, SupplementalConfigDirs: e.SupplementalConfigDirs}
	store, err := config.NewStore(ctx, files, lastgood.Reading(e.Bucket, e.Credentials))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return newManager(ctx, e, kubernetes, store.Load)
}
