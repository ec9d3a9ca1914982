// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/cutwater-ci/cutwater/internal/github/githubtest"
	"github.com/cutwater-ci/cutwater/local/mesh"
)

// Options say what to bring up. The zero value is the built-in sample with
// free ports and no state kept.
type Options struct {
	// State is the folder for everything; see DefaultState.
	State string
	// Repo is a git repository to use instead of the sample.
	Repo string
	// Name is that repository's "org/repo"; taken from its remote or folder when empty.
	Name string
	// Config, Plugins and Jobs are the user's config.yaml, plugins.yaml and job
	// file or folder; all may be empty.
	Config, Plugins, Jobs string
	// Ports of 127.0.0.1; 0 is a free one.
	DeckPort, HookPort, ForgePort, APIPort int
	// Programs is the folder with the pod utilities.
	Programs string
	// Starter replaces the functions and the controller inside this process.
	Starter mesh.Starter
	// Forge are options of its GitHub, such as a validator of what is exchanged
	// with it; its folder is the machine's.
	Forge githubtest.Options
	// Progress is told what happens while it starts; nil discards it.
	Progress io.Writer
	// Log gets the logs of all parts as JSON lines; nil writes them to the file
	// "log" in the state folder.
	Log io.Writer
}

// check finds what would make the start fail later, and says it in one line each.
func (o *Options) check() error {
	var errs []error
	if _, err := exec.LookPath("git"); err != nil {
		errs = append(errs, errors.New("git is not in PATH; install it"))
	}
	for _, name := range append(utilities(), containerInit) {
		if _, err := os.Stat(filepath.Join(o.Programs, name)); err != nil {
			errs = append(errs, fmt.Errorf("the program %s is not in %s; run `make build`, or name its folder with --programs", name, o.Programs))
		}
	}
	for flag, path := range map[string]string{"--repo": o.Repo, "--config": o.Config, "--plugins": o.Plugins, "--jobs": o.Jobs} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", flag, err))
		}
	}
	for flag, port := range map[string]int{"--port": o.DeckPort, "--hook-port": o.HookPort, "--forge-port": o.ForgePort, "--api-port": o.APIPort} {
		if err := checkPort(flag, port); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func checkPort(flag string, port int) error {
	if port == 0 {
		return nil
	}
	listener, err := net.Listen("tcp", address(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is in use; choose another with %s, or 0 for a free one", port, flag)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return listener.Close()
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// nameOf is the "org/repo" of a repository: that of its remote "origin" on
// GitHub, or local/<folder>.
func nameOf(ctx context.Context, dir string) string {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "remote", "get-url", "origin").Output()
	if err == nil {
		url := strings.TrimSuffix(strings.TrimSpace(string(out)), ".git")
		if _, path, ok := strings.Cut(strings.ReplaceAll(url, "github.com:", "github.com/"), "github.com/"); ok && strings.Count(path, "/") == 1 {
			return path
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	return "local/" + filepath.Base(abs)
}
