// SPDX-License-Identifier: Apache-2.0

// Package knative builds Knative Serving and Eventing from their Go modules, and
// installs them from the manifests that those modules carry.
//
// Started by test/cluster. Changes the cluster's knative-serving and
// knative-eventing, its images, and the user's cache of programs.
package knative

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cutwater-ci/cutwater/local/gobuild"
	"github.com/cutwater-ci/cutwater/test/cluster/images"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// Domain is that of the addresses of Knative Services that are seen from
// outside, as hook.cutwater.cluster.test.
const Domain = "cluster.test"

// modules pins Serving and Eventing, which agree about their dependencies.
//
//go:embed modules
var modules embed.FS

// Module is what Knative is built from.
func Module() (gobuild.Module, error) {
	files, err := fs.Sub(modules, "modules")
	return gobuild.Module{Files: files, Name: "knative", Path: "knative.dev/serving"}, err
}

const (
	serving  = "knative.dev/serving/cmd/"
	eventing = "knative.dev/eventing/cmd/"
)

// programs are the main packages of what runs. What Cutwater does not use is
// left out: sinks that are jobs, requests with replies, autoscaling by CPU.
func programs() []string {
	return []string{
		serving + "activator", serving + "autoscaler", serving + "controller", serving + "queue", serving + "webhook",
		eventing + "controller", eventing + "mtping", eventing + "webhook",
		eventing + "in_memory/channel_controller", eventing + "in_memory/channel_dispatcher",
		eventing + "mtchannel_broker", eventing + "broker/ingress", eventing + "broker/filter",
	}
}

// nameOf is the name of a program and of its image: eventing-broker-ingress.
func nameOf(program string) string {
	name := strings.TrimPrefix(program, "knative.dev/")
	return strings.NewReplacer("/cmd/", "-", "/", "-", "_", "-").Replace(name)
}

// Build builds the programs, the first time in some ten minutes, and returns
// their images by import path.
func Build(ctx context.Context, progress io.Writer) (map[string]images.Image, error) {
	module, err := Module()
	if err != nil {
		return nil, err
	}
	dir, err := gobuild.CacheDir("knative")
	if err != nil {
		return nil, err
	}
	built := map[string]images.Image{}
	for _, program := range programs() {
		p := gobuild.Program{Module: module, Name: nameOf(program), Package: program, Packages: 1300}
		path, err := p.Build(ctx, dir, progress)
		if err != nil {
			return nil, err
		}
		built[program] = images.Program(p.Name, path)
	}
	return built, nil
}

// Install applies Knative's manifests with these images, by import path, and
// waits until everything answers.
func Install(ctx context.Context, cluster *objects.Cluster, references map[string]string) error {
	manifests, err := Manifests(ctx, references)
	if err != nil {
		return err
	}
	if err := cluster.Apply(ctx, manifests); err != nil {
		return fmt.Errorf("installing Knative: %w", err)
	}
	if err := cluster.Await(ctx, manifests); err != nil {
		return fmt.Errorf("installing Knative: %w", err)
	}
	return nil
}
