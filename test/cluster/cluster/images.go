// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// Images returns the references of the images that the node has.
func (c *Cluster) Images(ctx context.Context) ([]string, error) {
	said, err := c.ctr(ctx, nil, "images", "list", "--quiet")
	return strings.Fields(said), err
}

// Import gives the node the images of an archive, as of `docker save`. There is
// no registry: pods find images that were imported, under the names in the
// archive, with imagePullPolicy IfNotPresent or Never.
func (c *Cluster) Import(ctx context.Context, archive io.Reader) error {
	_, err := c.ctr(ctx, archive, "images", "import", "-")
	return err
}

func (c *Cluster) waitForImages(ctx context.Context) error {
	return c.until(ctx, "containerd", func() error {
		_, err := c.Images(ctx)
		return err
	}, c.Part(settings.Containerd))
}

// ctr runs containerd's own client in the namespace of Kubernetes.
func (c *Cluster) ctr(ctx context.Context, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.programs["ctr"], append([]string{"--address", c.settings.Containerd(), "--namespace", "k8s.io"}, args...)...)
	cmd.Env = append(os.Environ(), c.mark()) // Stop ends it too, if this process cannot
	var said, complained bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &said, &complained
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complained.String()))
	}
	return said.String(), nil
}
