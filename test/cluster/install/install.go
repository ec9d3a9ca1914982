// SPDX-License-Identifier: Apache-2.0

// Package install puts Knative and Cutwater on a cluster of package cluster, and
// what they need around them: a way in, a GitHub and an S3 server. Cutwater is
// what deploy/ says, through kustomize, with images of the working tree.
//
// Started by the program test/cluster, and by tests. Changes the cluster, and
// the user's cache of programs. It may be repeated: what is there already stays.
package install

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"github.com/cutwater-ci/cutwater/internal/filelock"
	"github.com/cutwater-ci/cutwater/test/cluster/images"
	"github.com/cutwater-ci/cutwater/test/cluster/ingress"
	"github.com/cutwater-ci/cutwater/test/cluster/knative"
	"github.com/cutwater-ci/cutwater/test/cluster/objects"
)

// node keeps images.
type node interface {
	Images(ctx context.Context) ([]string, error)
	Import(ctx context.Context, archive io.Reader) error
}

// Options say where to install.
type Options struct {
	Node node
	// Config is an administrator's, and reaches the cluster's own addresses.
	Config *rest.Config
	// Root is the folder of the working tree.
	Root string
	// Release makes other images of Cutwater's programs than another release does,
	// so that one can be upgraded to the next. It may be empty.
	Release string
	// Progress is told what happens.
	Progress io.Writer
}

// Installer installs.
type Installer struct {
	Options

	cluster *objects.Cluster
}

// New returns an installer.
func New(o Options) (*Installer, error) {
	cluster, err := objects.NewCluster(o.Config)
	return &Installer{Options: o, cluster: cluster}, err
}

// Knative installs Knative and the way into it, and waits until it is ready.
func (i *Installer) Knative(ctx context.Context) error {
	programs, err := knative.Build(ctx, i.Progress)
	if err != nil {
		return err
	}
	references, err := i.bring(ctx, []string{ingress.Program}, programs)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := knative.Install(ctx, i.cluster, references); err != nil {
		return err
	}
	i.say(begun, "Knative is ready")
	begun = time.Now()
	manifests, err := ingress.Manifests(references)
	if err != nil {
		return err
	}
	if err := i.apply(ctx, manifests); err != nil {
		return err
	}
	i.say(begun, "the way in is ready")
	return nil
}

// apply makes objects, and waits until they are ready.
func (i *Installer) apply(ctx context.Context, manifests []*objects.Object) error {
	if err := i.cluster.Apply(ctx, manifests); err != nil {
		return err
	}
	return i.cluster.Await(ctx, manifests)
}

// alone waits until no other installation makes images, or makes up secrets.
func (i *Installer) alone(ctx context.Context) (done func(), err error) {
	dir, err := programsDir()
	if err != nil {
		return nil, err
	}
	return filelock.File(ctx, filepath.Join(dir, ".lock"), "waiting: another installation is being made", i.Progress)
}

// bring builds programs, and brings their images and others, by import path, onto
// the node. It returns the references of all.
func (i *Installer) bring(ctx context.Context, programs []string, others map[string]images.Image) (map[string]string, error) {
	done, err := i.alone(ctx) // another working tree's programs lie at the same places
	if err != nil {
		return nil, err
	}
	defer done()
	built, err := i.build(ctx, programs)
	if err != nil {
		return nil, err
	}
	maps.Copy(built, others)
	return i.load(ctx, built)
}

// load brings images of programs onto the node, and returns their references by
// import path.
func (i *Installer) load(ctx context.Context, programs map[string]images.Image) (map[string]string, error) {
	begun := time.Now()
	loaded, err := images.Load(ctx, i.Node, slices.Collect(maps.Values(programs))...)
	if err != nil {
		return nil, err
	}
	references := map[string]string{}
	for path, image := range programs {
		references[path] = loaded[image.Name]
	}
	i.say(begun, "%d images are on the node", len(references))
	return references, nil
}

func (i *Installer) say(begun time.Time, format string, args ...any) {
	fmt.Fprintf(i.Progress, "%s, %.1f s\n", fmt.Sprintf(format, args...), time.Since(begun).Seconds())
}
