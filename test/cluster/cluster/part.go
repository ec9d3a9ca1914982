// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/cutwater-ci/cutwater/test/cluster/process"
	"github.com/cutwater-ci/cutwater/test/cluster/settings"
)

// Part is one program of the cluster, as kubelet. Nobody starts it again when it
// ends, but Start.
type Part struct {
	cluster *Cluster
	command settings.Command
}

// Parts are all programs of the cluster, in the order of their start.
func (c *Cluster) Parts() []Part {
	var parts []Part
	for _, command := range c.settings.Commands() {
		parts = append(parts, Part{c, command})
	}
	return parts
}

// Part is the program of that name: a constant of package settings. It panics if
// there is none.
func (c *Cluster) Part(name string) Part {
	parts := c.Parts()
	i := slices.IndexFunc(parts, func(p Part) bool { return p.Name() == name })
	if i < 0 {
		panic("a cluster has no part " + name)
	}
	return parts[i]
}

// Name is that of the program.
func (p Part) Name() string { return p.command.Part }

// Log is the file with what the part printed.
func (p Part) Log() string { return p.cluster.settings.Path("log", p.Name()+".log") }

func (p Part) pidFile() string { return p.cluster.settings.Path("run", p.Name()+".json") }

// Running reports whether the part runs, and as which process.
func (p Part) Running() (pid int, running bool) {
	identity, err := process.Read(p.pidFile())
	return identity.PID, err == nil && identity.Alive()
}

// Start starts the part unless it runs, and does not wait until it is ready.
func (p Part) Start(ctx context.Context) error {
	if _, running := p.Running(); running {
		return nil
	}
	if p.Name() == settings.Containerd {
		if err := p.cluster.removeHalfRecords(); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.cluster.programs[p.Name()], p.command.Args...) // outlives this process
	cmd.Dir = p.cluster.settings.Dir
	cmd.Env = append(os.Environ(), p.cluster.mark())
	err := p.cluster.namespace.Do(func() error { return process.Start(cmd, p.pidFile(), p.Log()) })
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.Name(), err)
	}
	return nil
}

// Kill kills the part at once, and waits until it has ended. Containers outlive
// both containerd and kubelet. It is no error if the part does not run.
func (p Part) Kill(ctx context.Context) error {
	identity, err := process.Read(p.pidFile())
	if err != nil {
		return err
	}
	return identity.Kill(ctx)
}

// mark is in the environment of every part and of what it starts, as the shims
// of containers: in that of no other process.
func (c *Cluster) mark() string { return "CUTWATER_CLUSTER=" + c.settings.Dir }
