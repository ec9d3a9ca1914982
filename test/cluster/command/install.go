// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cutwater-ci/cutwater/test/cluster/cluster"
	"github.com/cutwater-ci/cutwater/test/cluster/install"
)

// What up brings up at the most.
const (
	onlyCore    = "core"
	onlyKnative = "knative"
	everything  = "cutwater"
)

// installOn puts Knative and Cutwater on a cluster that runs, as far as upTo.
func installOn(ctx context.Context, c *cluster.Cluster, upTo string, progress io.Writer) error {
	if upTo == onlyCore {
		return nil
	}
	config, err := c.Config()
	if err != nil {
		return err
	}
	root, err := workingTree()
	if err != nil {
		return err
	}
	started := time.Now()
	i, err := install.New(install.Options{Node: c, Config: config, Root: root, Progress: progress})
	if err != nil {
		return err
	}
	if err := i.Knative(ctx); err != nil {
		return err
	}
	if upTo == everything {
		if err := i.Cutwater(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(progress, "installed in %s\n", time.Since(started).Round(100*time.Millisecond))
	return nil
}

// workingTree is the folder of the repository that the working directory is in.
func workingTree() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".ko.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run this in a working tree of Cutwater: it installs what is there")
		}
		dir = parent
	}
}
