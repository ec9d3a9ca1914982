// SPDX-License-Identifier: Apache-2.0

// Package cgroup limits the memory of processes, by control groups of version
// 2 or 1, whichever this machine lets this user have.
//
// Starts on: a container with a memory limit. Changes: control groups below
// this process's own. Config: none. In Prow: nothing; the container runtime
// does this there.
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Parent is where groups can be made.
type Parent struct {
	dir     string
	version int
}

// Find finds, by trying, where groups with a memory limit can be made. The
// error says why nowhere.
func Find() (*Parent, error) {
	mounts, err := memoryMounts()
	if err != nil {
		return nil, err
	}
	err = errors.New("no control groups with a memory controller are mounted")
	for _, p := range mounts {
		if err = p.try(); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("memory limits cannot be enforced: %w", err)
}

// try makes a group and removes it.
func (p *Parent) try() error {
	if p.version == 2 {
		// Needed once for the groups below to have the controller.
		control := filepath.Join(p.dir, "cgroup.subtree_control")
		if err := os.WriteFile(control, []byte("+memory"), 0); err != nil {
			return err
		}
	}
	g, err := p.New("cutwater-try-"+strconv.Itoa(os.Getpid()), 64<<20)
	if err != nil {
		return err
	}
	return g.Remove()
}

// memoryMounts lists where this process's own memory group is.
func memoryMounts() ([]*Parent, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("reading the own control groups: %w", err)
	}
	paths := map[string]string{} // by controller; "" is version 2
	for line := range strings.Lines(string(own)) {
		// 4:memory:/path or 0::/path
		if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 {
			for controller := range strings.SplitSeq(parts[1], ",") {
				paths[controller] = parts[2]
			}
		}
	}
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	defer f.Close()
	var parents []*Parent
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) < 4:
		case fields[2] == "cgroup2":
			dir := ownDir(fields[1], paths[""])
			if has, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers")); strings.Contains(string(has), "memory") {
				parents = append(parents, &Parent{dir: dir, version: 2})
			}
		case fields[2] == "cgroup" && strings.Contains(","+fields[3]+",", ",memory,"):
			parents = append(parents, &Parent{dir: ownDir(fields[1], paths["memory"]), version: 1})
		}
	}
	return parents, lines.Err()
}

// ownDir is the directory of the group path in the hierarchy mounted at mount,
// which inside a container can be mounted from the group on.
func ownDir(mount, path string) string {
	dir := filepath.Join(mount, path)
	if _, err := os.Stat(dir); err != nil {
		return mount
	}
	return dir
}

// Group is a control group.
type Group struct {
	dir     string
	version int
}

// New makes a group called name whose processes may use up to memory bytes
// together.
func (p *Parent) New(name string, memory int64) (*Group, error) {
	g := &Group{dir: filepath.Join(p.dir, name), version: p.version}
	if err := os.Mkdir(g.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making a control group: %w", err)
	}
	limits := []string{"memory.max"}
	swap := map[string]string{"memory.swap.max": "0", "memory.oom.group": "1"}
	if p.version == 1 {
		limits = []string{"memory.limit_in_bytes"}
		swap = map[string]string{"memory.memsw.limit_in_bytes": strconv.FormatInt(memory, 10)}
	}
	for _, limit := range limits {
		if err := g.write(limit, strconv.FormatInt(memory, 10)); err != nil {
			return nil, errors.Join(fmt.Errorf("limiting the memory of a control group: %w", err), g.Remove())
		}
	}
	for name, value := range swap {
		// Not on every kernel; without swap it does not matter.
		_ = g.write(name, value)
	}
	return g, nil
}

// Add moves a process into the group.
func (g *Group) Add(pid int) error {
	if err := g.write("cgroup.procs", strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("moving a process into its control group: %w", err)
	}
	return nil
}

// OutOfMemory says whether a process of the group was killed for using too
// much.
func (g *Group) OutOfMemory() bool {
	name := "memory.events"
	if g.version == 1 {
		name = "memory.oom_control"
	}
	data, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			return n != "0"
		}
	}
	return false
}

// Remove removes the group, whose processes must have ended.
func (g *Group) Remove() error {
	if err := os.Remove(g.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a control group: %w", err)
	}
	return nil
}

func (g *Group) write(name, value string) error {
	return os.WriteFile(filepath.Join(g.dir, name), []byte(value), 0)
}
