// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cutwater-ci/cutwater/test/cluster/images"
	"github.com/cutwater-ci/cutwater/test/cluster/keys"
	"github.com/cutwater-ci/cutwater/test/cluster/programs"
	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// startTimeout is how long the cluster may take until it is ready: 16 s on an
// idle machine of two cores.
const startTimeout = 3 * time.Minute

// Start builds the programs that the user's cache lacks, starts what does not
// run of the cluster, and returns when its node is ready. If it fails, what it
// started is left for a look into the logs; Stop removes that.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	c, err := describe(opts)
	if err != nil {
		return nil, err
	}
	if err := programs.CheckDebian(); err != nil {
		return nil, err
	}
	if c.programs, err = programs.Build(ctx, c.progress); err != nil {
		return nil, err
	}
	for _, name := range []string{settings.Containerd, "ctr", "runc"} {
		if c.programs[name], err = programs.Debian(name); err != nil {
			return nil, err
		}
	}
	for name, path := range c.programs { // the kernel names a process's file without links
		if c.programs[name], err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.start(ctx); err != nil {
		return nil, fmt.Errorf("%w (logs are in %s)", err, c.settings.Path("log"))
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	pause, err := images.Program("pause", c.programs["pause"]).Build()
	if err != nil {
		return err
	}
	c.settings.Pause, c.settings.Runc, c.settings.CNI = pause.Reference, c.programs["runc"], programs.CNI
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.namespace.Make(ctx, c.settings.Addresses); err != nil {
		return err
	}
	c.tell("starting etcd, the API server and containerd")
	for _, name := range []string{settings.Etcd, settings.APIServer, settings.Containerd} {
		if err := c.Part(name).Start(ctx); err != nil {
			return err
		}
	}
	if err := c.waitForImages(ctx); err != nil {
		return err
	}
	if _, err := images.Load(ctx, c, images.Program("pause", c.programs["pause"])); err != nil {
		return err
	}
	if err := c.waitForServer(ctx); err != nil {
		return err
	}
	c.tell("starting the controllers, the scheduler, kubelet, kube-proxy and the DNS server")
	for _, part := range c.Parts() {
		if err := part.Start(ctx); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx)
}

// prepare makes the folder and what is in it, but not twice.
func (c *Cluster) prepare() error {
	for _, dir := range []string{"config/cni", "log", "run", "etcd"} {
		if err := os.MkdirAll(c.settings.Path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := c.checkFileSystem(); err != nil {
		return err
	}
	if err := c.kernel().keep(); err != nil {
		return err
	}
	r, err := json.MarshalIndent(record{Programs: c.programs, Pause: c.settings.Pause}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.settings.Path(recordFile), r, 0o644); err != nil {
		return err
	}
	addresses := c.settings.Addresses
	facts := keys.Facts{
		Node: settings.Node, NodeAddress: addresses.Node.Addr().String(), ServiceAddress: addresses.APIService().String(),
		Server: c.settings.Server(), Now: time.Now(),
	}
	if err := keys.Make(c.settings.Path("keys"), facts); err != nil {
		return err
	}
	files, err := c.settings.Files()
	if err != nil {
		return err
	}
	for name, content := range files {
		path := c.settings.Path("config", name)
		if old, err := os.ReadFile(path); err == nil && string(old) == content {
			continue // kube-proxy ends when its file is written
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return c.makeCgroups()
}

func (c *Cluster) checkFileSystem() error {
	var stat unix.Statfs_t
	if err := unix.Statfs(c.settings.Dir, &stat); err != nil {
		return err
	}
	if stat.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return fmt.Errorf("%s is on overlayfs, which cannot hold containers' file systems; choose a folder on a disk with --state", filepath.Dir(c.settings.Dir))
	}
	return nil
}

func (c *Cluster) tell(format string, args ...any) { fmt.Fprintf(c.progress, format+"\n", args...) }
