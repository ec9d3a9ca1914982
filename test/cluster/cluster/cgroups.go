// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cgroups are the folders of the cluster's cgroup, one in each hierarchy of the
// machine: one hierarchy with cgroups of version 2, many with version 1.
func (c *Cluster) cgroups() ([]string, error) {
	all, err := mounts()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, m := range all {
		if m.root == "/" && (m.kind == "cgroup" || m.kind == "cgroup2") {
			dirs = append(dirs, filepath.Join(m.at, c.settings.Cgroup()))
		}
	}
	if len(dirs) == 0 {
		return nil, errors.New("this machine has no cgroups mounted; kubelet needs them below /sys/fs/cgroup")
	}
	return dirs, nil
}

// makeCgroups makes the parent of the pods' cgroups, which kubelet wants to find.
func (c *Cluster) makeCgroups() error {
	dirs, err := c.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// Version 2 hands each controller down by name.
		for _, parent := range []string{filepath.Dir(dir), dir} {
			controllers, err := os.ReadFile(filepath.Join(parent, "cgroup.controllers"))
			if errors.Is(err, fs.ErrNotExist) {
				continue // version 1
			}
			if err != nil {
				return err
			}
			for controller := range strings.FieldsSeq(string(controllers)) {
				if err := os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+"+controller), 0o644); err != nil {
					return fmt.Errorf("enabling the cgroup controller %s: %w", controller, err)
				}
			}
		}
	}
	return nil
}

// contained are the processes of the cluster's pods.
func (c *Cluster) contained() ([]int, error) {
	dirs, err := c.cgroups()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, dir := range dirs {
		err := walk(dir, func(dir string) error {
			content, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			for field := range strings.FieldsSeq(string(content)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids), nil
}

// removeCgroups removes the cgroups. What is dying still keeps its own.
func (c *Cluster) removeCgroups() error {
	dirs, err := c.cgroups()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		err := walk(dir, func(dir string) error {
			if err := os.Remove(dir); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// walk calls f with the folders below dir and then with dir, if it is there.
func walk(dir string, f func(dir string) error) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := walk(filepath.Join(dir, entry.Name()), f); err != nil {
				return err
			}
		}
	}
	return f(dir)
}
