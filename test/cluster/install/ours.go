// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/cutwater-ci/cutwater/local/gobuild"
	"github.com/cutwater-ci/cutwater/test/cluster/forge"
	"github.com/cutwater-ci/cutwater/test/cluster/images"
)

const (
	module = "github.com/cutwater-ci/cutwater/"
	// Shell is what the test's own jobs run in: a shell and the usual programs.
	Shell = module + "test/cluster/shell"
	// versitygw is the S3 server, which the module hack/testservers pins.
	versitygw = "github.com/versity/versitygw/cmd/versitygw"
)

// build builds programs of this repository, and others that are named with them,
// and returns their images by import path.
func (i *Installer) build(ctx context.Context, programs []string) (map[string]images.Image, error) {
	begun := time.Now()
	dir, err := programsDir()
	if err != nil {
		return nil, err
	}
	var own, servers []string
	for _, program := range programs {
		switch {
		case program == Shell: // no program
		case program == versitygw:
			servers = append(servers, program)
		case strings.HasPrefix(program, module):
			own = append(own, program)
		default:
			return nil, fmt.Errorf("no program of ours: %s", program)
		}
	}
	if err := compile(ctx, i.Root, dir, own); err != nil {
		return nil, err
	}
	if err := compile(ctx, filepath.Join(i.Root, "hack", "testservers"), dir, servers); err != nil {
		return nil, err
	}
	withGit, err := i.withGit()
	if err != nil {
		return nil, err
	}
	built := map[string]images.Image{}
	for _, program := range programs {
		of, err := image(ctx, program, dir, withGit[program])
		if err != nil {
			return nil, err
		}
		if i.Release != "" && strings.HasPrefix(program, module+"cmd/") {
			of.Env = append(of.Env, "RELEASE="+i.Release)
		}
		built[program] = of
	}
	i.say(begun, "%d programs are built", len(built))
	return built, nil
}

// programsDir is where the programs are built. It is there.
func programsDir() (string, error) {
	dir, err := gobuild.CacheDir("images")
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// image is the image of a program that lies in dir, with what it runs.
func image(ctx context.Context, program, dir string, withGit bool) (images.Image, error) {
	name := path.Base(program)
	switch of := images.Program(name, filepath.Join(dir, name)); {
	case withGit || program == forge.Program:
		return images.WithGit(ctx, of)
	case program == versitygw: // its bucket is made by mkdir
		return images.WithShell(ctx, of)
	case program == Shell:
		return images.WithShell(ctx, images.Base(name))
	default:
		return of, nil
	}
}

// ShellImage is the reference of Shell's image on a node that this working tree
// was installed on, for jobs that tests make up.
func ShellImage(ctx context.Context) (string, error) {
	of, err := image(ctx, Shell, "", false)
	if err != nil {
		return "", err
	}
	archive, err := of.Build()
	return archive.Reference, err
}

// compile builds static programs as ko does. Where they were built, and from which
// commit, does not show, so that the same sources give the same image.
func compile(ctx context.Context, folder, dir string, programs []string) error {
	if len(programs) == 0 {
		return nil
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags=disable_grpc_modules", "-ldflags=-s -w", "-o", dir + "/"}
	cmd := exec.CommandContext(ctx, "go", append(args, programs...)...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", strings.Join(programs, ", "), err, said)
	}
	return nil
}

// withGit are the programs that .ko.yaml gives an image with git in it.
func (i *Installer) withGit() (map[string]bool, error) {
	content, err := os.ReadFile(filepath.Join(i.Root, ".ko.yaml"))
	if err != nil {
		return nil, err
	}
	var ko struct {
		BaseImageOverrides map[string]string `json:"baseImageOverrides"`
	}
	if err := yaml.Unmarshal(content, &ko); err != nil {
		return nil, fmt.Errorf(".ko.yaml: %w", err)
	}
	programs := map[string]bool{}
	for program, image := range ko.BaseImageOverrides {
		programs[program] = strings.Contains(image, "/git:") || strings.Contains(image, "/git@")
	}
	return programs, nil
}
