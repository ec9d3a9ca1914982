// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/local/gobuild"
)

// modules pins what the binaries are built from.
//
//go:embed modules
var modules embed.FS

// Binaries returns a folder that holds etcd and kube-apiserver. It is the one
// that KUBEBUILDER_ASSETS names or else the user's cache, where they are built
// from their Go modules the first time, which takes minutes: progress says how
// it goes. Several processes may ask at once; one builds and the others wait.
func Binaries(ctx context.Context, progress io.Writer) (string, error) {
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		for _, name := range []string{"etcd", "kube-apiserver"} {
			if _, err := os.Stat(filepath.Join(assets, name)); err != nil {
				return "", fmt.Errorf("KUBEBUILDER_ASSETS is %s: %w; unset it to have the control plane built", assets, err)
			}
		}
		return assets, nil
	}
	dir, err := gobuild.CacheDir("controlplane")
	if err != nil {
		return "", err
	}
	store, err := etcd()
	if err != nil {
		return "", err
	}
	apiServer, err := Kubernetes("kube-apiserver", 1900)
	if err != nil {
		return "", err
	}
	for _, program := range []gobuild.Program{store, apiServer} {
		if _, err := program.Build(ctx, dir, progress); err != nil {
			return "", fmt.Errorf("%w; or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver", err)
		}
	}
	return dir, nil
}

// etcd is the etcd that we use.
func etcd() (gobuild.Program, error) {
	module, err := module("etcd", "go.etcd.io/etcd/server/v3")
	return gobuild.Program{Module: module, Name: "etcd", Package: module.Path, Packages: 700}, err
}

// Kubernetes is a program of the Kubernetes that we use, as kubelet, which is
// made of about that many packages.
func Kubernetes(name string, packages int) (gobuild.Program, error) {
	module, err := module("kubernetes", "k8s.io/kubernetes")
	if err != nil {
		return gobuild.Program{}, err
	}
	version, err := module.Version()
	if err != nil {
		return gobuild.Program{}, err
	}
	// Clients refuse a server that reports v0.0.0, as it does by itself.
	parts, variables := strings.Split(strings.TrimPrefix(version, "v"), "."), map[string]string{}
	for name, value := range map[string]string{"gitVersion": version, "gitMajor": parts[0], "gitMinor": parts[1], "gitCommit": "unknown", "gitTreeState": "clean"} {
		variables["k8s.io/component-base/version."+name] = value
	}
	return gobuild.Program{Module: module, Name: name, Package: module.Path + "/cmd/" + name, Packages: packages, Variables: variables}, nil
}

func module(name, path string) (gobuild.Module, error) {
	files, err := fs.Sub(modules, "modules")
	return gobuild.Module{Files: files, Name: name, Path: path}, err
}
