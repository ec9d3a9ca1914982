// SPDX-License-Identifier: Apache-2.0

// Package programs finds the programs that a cluster is made of: those that
// Debian has, and those that are built from their Go modules.
//
// Started by package cluster. Changes only the user's cache folder.
package programs

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/local/controlplane"
	"github.com/cutwater-ci/cutwater/local/gobuild"
)

// CNI is where Debian has the plugins that give pods their network.
const CNI = "/usr/lib/cni"

//go:embed modules
var modules embed.FS

// Build returns the paths of the programs that are built, by name. The first
// time takes about 20 minutes on two cores, and progress is told how it goes.
func Build(ctx context.Context, progress io.Writer) (map[string]string, error) {
	plane, err := controlplane.Binaries(ctx, progress)
	if err != nil {
		return nil, err
	}
	built := map[string]string{"etcd": filepath.Join(plane, "etcd"), "kube-apiserver": filepath.Join(plane, "kube-apiserver")}
	dir, err := gobuild.CacheDir("cluster")
	if err != nil {
		return nil, err
	}
	all, err := list()
	if err != nil {
		return nil, err
	}
	for _, program := range all {
		if built[program.Name], err = program.Build(ctx, dir, progress); err != nil {
			return nil, err
		}
	}
	return built, nil
}

// list is what is built besides the control plane of the one-machine mode.
func list() ([]gobuild.Program, error) {
	var all []gobuild.Program
	for name, packages := range map[string]int{"kube-controller-manager": 2000, "kube-scheduler": 1800, "kubelet": 1900, "kube-proxy": 1700} {
		program, err := controlplane.Kubernetes(name, packages)
		if err != nil {
			return nil, err
		}
		all = append(all, program)
	}
	slices.SortFunc(all, func(a, b gobuild.Program) int { return strings.Compare(a.Name, b.Name) })
	files, err := fs.Sub(modules, "modules")
	return append(all,
		gobuild.Program{Module: gobuild.Module{Files: files, Name: "coredns", Path: "github.com/coredns/coredns"}, Name: "coredns", Packages: 1100},
		gobuild.Program{Module: gobuild.Module{Files: files, Name: "pause"}, Name: "pause", Packages: 60},
	), err
}

// debian are the programs that the cluster runs, and their packages.
func debian() [][2]string {
	return [][2]string{
		{"containerd", "containerd"},
		{"ctr", "containerd"},
		{"runc", "runc"},
		{filepath.Join(CNI, "bridge"), "containernetworking-plugins"},
		{"iptables", "iptables"},
		{"ip", "iproute2"},
		{"mount", "mount"},
	}
}

// CheckDebian says which packages of Debian are missing, and how to get them.
func CheckDebian() error {
	var missing []string
	for _, d := range debian() {
		if _, err := Debian(d[0]); err != nil && !slices.Contains(missing, d[1]) {
			missing = append(missing, d[1])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("this machine lacks Debian packages; get them with: apt-get install -y --no-install-recommends %s", strings.Join(missing, " "))
}

// Debian is the path of a program that Debian has. Some are in folders that are
// not in everybody's PATH.
func Debian(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path := filepath.Join("/usr/sbin", filepath.Base(name))
	_, err := os.Stat(path)
	return path, err
}
