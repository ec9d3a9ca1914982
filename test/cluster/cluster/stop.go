// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cutwater-ci/cutwater/test/cluster/process"
)

// stopTimeout is how long a stop may take: less than a second on an idle machine.
const stopTimeout = time.Minute

// Stop ends everything that was started for the cluster, and removes what it
// left on the machine, with its data. It works from the machine's state alone,
// so it also cleans up after a Start that was killed. Without a cluster it does
// nothing.
func Stop(ctx context.Context, opts Options) error {
	c, err := describe(opts)
	if err != nil {
		return err
	}
	return c.Stop(ctx)
}

// Stop is the function Stop for this cluster.
func (c *Cluster) Stop(ctx context.Context) error {
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"ending the parts", c.killParts},
		{"ending what the parts started", c.killRest},
		{"unmounting", c.unmount},
		{"removing files at fixed places", c.removeStrays},
		{"removing cgroups", func(ctx context.Context) error { return c.until(ctx, "cgroups to be empty", c.removeCgroups) }},
		{"removing the network namespace", c.namespace.Remove},
		{"removing the state", func(context.Context) error { return os.RemoveAll(c.settings.Dir) }},
		{"setting the kernel back", c.resetKernel},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("stopping the cluster: %s: %w", step.what, err)
		}
	}
	_ = os.Remove(filepath.Dir(c.settings.Dir)) // if this was the last cluster
	return nil
}

// killParts kills in the reverse order of the start, so that nobody starts
// containers again.
func (c *Cluster) killParts(ctx context.Context) error {
	for _, part := range slices.Backward(c.Parts()) {
		if err := part.Kill(ctx); err != nil {
			return err
		}
	}
	return nil
}

// killRest kills the shims and the containers, and parts that have no pid file.
func (c *Cluster) killRest(ctx context.Context) error {
	return process.KillAll(ctx, func() ([]int, error) {
		marked, err := process.Marked(c.mark())
		if err != nil {
			return nil, err
		}
		contained, err := c.contained()
		return append(marked, contained...), err
	})
}

func (c *Cluster) unmount(context.Context) error {
	all, err := mounts()
	if err != nil {
		return err
	}
	for _, place := range below(all, c.settings.Dir) {
		if err := unix.Unmount(place, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
	}
	return nil
}

// resetKernel sets the kernel back if this was the last cluster.
func (c *Cluster) resetKernel(context.Context) error {
	others, err := filepath.Glob(filepath.Join(filepath.Dir(c.settings.Dir), "*", recordFile))
	if err != nil || len(others) > 0 {
		return err
	}
	return c.kernel().reset()
}

// removeStrays removes the cluster's files among others' at places that cannot
// be configured.
func (c *Cluster) removeStrays(context.Context) error {
	strays, err := c.strays("/var/log/containers", networkRecords)
	if err != nil {
		return err
	}
	return removeFiles(strays)
}

// removeFiles removes those of the files that are still there.
func removeFiles(files []string) error {
	for _, file := range files {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (c *Cluster) strays(logs, results string) ([]string, error) {
	strays, err := c.halfRecords(results)
	if err != nil {
		return nil, err
	}
	records, err := filepath.Glob(filepath.Join(results, "*"))
	if err != nil {
		return nil, err
	}
	for _, record := range records { // CNI's, of one interface each: it is in a network namespace of ours
		if content, err := os.ReadFile(record); err == nil && strings.Contains(string(content), `"sandbox":"`+c.settings.Dir+"/") {
			strays = append(strays, record)
		}
	}
	// Kubelet links to the logs of containers.
	links, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, c.settings.Dir+"/") {
			strays = append(strays, link)
		}
	}
	// Each shim says in its folder where its socket is.
	shims, err := filepath.Glob(c.settings.Path("containerd-state", "*", "*", "*", "address"))
	if err != nil {
		return nil, err
	}
	for _, shim := range shims {
		if address, err := os.ReadFile(shim); err == nil {
			if socket, ok := strings.CutPrefix(strings.TrimSpace(string(address)), "unix:///run/containerd/s/"); ok && socket == filepath.Base(socket) {
				strays = append(strays, filepath.Join("/run/containerd/s", socket))
			}
		}
	}
	return strays, nil
}
