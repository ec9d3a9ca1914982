// SPDX-License-Identifier: Apache-2.0

package up

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	// Audit is a file that gets every request to the API server, as controlplane.Options
	// says; none when empty.
	Audit string
}

// check finds what would make the start fail later, and says it in one line each.
func (o *Options) check(ctx context.Context) error {
	if _, err := exec.LookPath("git"); err != nil {
		return errors.New("git is not in PATH; install it")
	}
	var errs []error
	if missing := o.missingPrograms(); len(missing) > 0 {
		errs = append(errs, fmt.Errorf("these programs are not in %s: %s; run `make build`, or name their folder with --programs", o.Programs, strings.Join(missing, ", ")))
	}
	if o.Name != "" && o.Repo == "" {
		errs = append(errs, errors.New("--name is of the repository that --repo names, and there is none"))
	}
	for _, given := range []struct{ flag, path string }{{"--repo", o.Repo}, {"--config", o.Config}, {"--plugins", o.Plugins}, {"--jobs", o.Jobs}} {
		if given.path == "" {
			continue
		}
		if _, err := os.Stat(given.path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", given.flag, err))
		} else if given.flag == "--repo" {
			errs = append(errs, checkRepo(ctx, given.path))
		}
	}
	return errors.Join(append(errs, o.checkPorts()...)...)
}

// missingPrograms are those that run in pods and are not there.
func (o *Options) missingPrograms() []string {
	var missing []string
	for _, name := range append(utilities(), containerInit) {
		if _, err := os.Stat(filepath.Join(o.Programs, name)); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// checkRepo finds a folder that is no git repository, or only a part of one:
// its files would be taken without their history, and a home folder whole.
func checkRepo(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--is-bare-repository", "--show-prefix")
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch bare, prefix, _ := strings.Cut(string(out), "\n"); {
	case errors.As(err, &exit):
		said, _, _ := strings.Cut(string(exit.Stderr), "\n")
		return fmt.Errorf("--repo: %s is not a git repository that can be read: %s", dir, strings.TrimPrefix(said, "fatal: "))
	case err != nil:
		return fmt.Errorf("--repo: %w", err)
	case strings.TrimSpace(bare) != "true" && strings.TrimSpace(prefix) != "":
		return fmt.Errorf("--repo: %s is a folder inside of a git repository; name the repository's own folder", dir)
	}
	return nil
}

// checkPorts finds ports that cannot be listened on, or not twice.
func (o *Options) checkPorts() []error {
	var errs []error
	flags := map[int]string{}
	for _, given := range []struct {
		flag string
		port int
	}{{"--port", o.DeckPort}, {"--forge-port", o.ForgePort}, {"--hook-port", o.HookPort}, {"--api-port", o.APIPort}} {
		if given.port == 0 {
			continue
		}
		if other, ok := flags[given.port]; ok {
			errs = append(errs, fmt.Errorf("port %d is named by both %s and %s; choose another for one of them, or 0 for a free one", given.port, other, given.flag))
			continue
		}
		flags[given.port] = given.flag
		errs = append(errs, checkPort(given.flag, given.port))
	}
	return errs
}

func checkPort(flag string, port int) error {
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

// uncommittedJobs reports whether the in-repo jobs are not what was committed.
func uncommittedJobs(ctx context.Context, dir string) bool {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "status", "--porcelain", "--", ".prow.yaml", ".prow").Output()
	return err == nil && len(out) > 0 // a bare repository is an error
}

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
	// GitHub's names have fewer characters than folders may.
	name := strings.TrimLeft(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(filepath.Base(abs), "-"), ".-")
	return "local/" + cmp.Or(name, "repository")
}
