// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// modules pins what the binaries are built from: a go.mod and a go.sum each,
// since etcd and Kubernetes disagree about their dependencies.
//
//go:embed modules
var modules embed.FS

// binary is a program of the control plane, built from its Go module.
type binary struct {
	name     string // of the program, and of its files in modules/
	pkg      string // its main package
	module   string // the module whose version it carries
	packages int    // how many packages it is made of, about; for progress
}

func binaries() []binary {
	return []binary{
		{name: "etcd", pkg: "go.etcd.io/etcd/server/v3", module: "go.etcd.io/etcd/server/v3", packages: 700},
		{name: "kube-apiserver", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", module: "k8s.io/kubernetes", packages: 1900},
	}
}

// Binaries returns a folder that holds etcd and kube-apiserver. It is the one
// that KUBEBUILDER_ASSETS names or else the user's cache, where they are built
// from their Go modules the first time, which takes minutes: progress says how
// it goes. Several processes may ask at once; one builds and the others wait.
func Binaries(ctx context.Context, progress io.Writer) (string, error) {
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		for _, b := range binaries() {
			if _, err := os.Stat(filepath.Join(assets, b.name)); err != nil {
				return "", fmt.Errorf("KUBEBUILDER_ASSETS is %s: %w; unset it to have the control plane built", assets, err)
			}
		}
		return assets, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the control plane's programs (set HOME or XDG_CACHE_HOME): %w", err)
	}
	dir := filepath.Join(cache, "cutwater", "controlplane")
	for _, b := range binaries() {
		if err := b.install(ctx, dir, progress); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// install puts the program into dir unless the pinned version is there already.
func (b binary) install(ctx context.Context, dir string, progress io.Writer) error {
	version, err := b.version()
	if err != nil {
		return err
	}
	stamp := filepath.Join(dir, b.name+".version")
	if b.installed(dir, stamp, version) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder for %s: %w", b.name, err)
	}
	unlock, err := lock(filepath.Join(dir, b.name+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if b.installed(dir, stamp, version) {
		return nil // another process built it while this one waited
	}
	if err := b.build(ctx, dir, version, progress); err != nil {
		return fmt.Errorf("building %s %s: %w", b.name, version, err)
	}
	return os.WriteFile(stamp, []byte(version), 0o644)
}

func (b binary) installed(dir, stamp, version string) bool {
	got, err := os.ReadFile(stamp)
	if err != nil || string(got) != version {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, b.name))
	return err == nil
}

// version is the module's version in the pinned go.mod.
func (b binary) version() (string, error) {
	mod, err := modules.ReadFile("modules/" + b.name + ".mod")
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(b.module) + ` (v\S+)`).FindSubmatch(mod)
	if found == nil {
		return "", fmt.Errorf("%s.mod does not require %s", b.name, b.module)
	}
	return string(found[1]), nil
}

// build compiles the program in a throw-away module and moves it into place.
func (b binary) build(ctx context.Context, dir, version string, progress io.Writer) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("the go command is not in PATH; install Go, or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver")
	}
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, suffix := range []string{"mod", "sum"} {
		content, err := modules.ReadFile("modules/" + b.name + "." + suffix)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, "go."+suffix), content, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(progress, "building %s %s from its Go module; this happens once and takes some minutes\n", b.name, version)
	started := time.Now()
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-ldflags", b.ldflags(version), "-o", filepath.Join(work, b.name), b.pkg)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod", "GOWORK=off")
	if err := b.watch(cmd, progress); err != nil {
		return err
	}
	fmt.Fprintf(progress, "built %s in %s\n", b.name, time.Since(started).Round(time.Second))
	return os.Rename(filepath.Join(work, b.name), filepath.Join(dir, b.name))
}

// ldflags sets the version that Kubernetes reports: clients refuse v0.0.0.
func (b binary) ldflags(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	flags := []string{"-s", "-w"}
	for name, value := range map[string]string{"gitVersion": version, "gitMajor": parts[0], "gitMinor": parts[1], "gitCommit": "unknown", "gitTreeState": "clean"} {
		flags = append(flags, "-X", "k8s.io/component-base/version."+name+"="+value)
	}
	return strings.Join(flags, " ")
}

// tellEvery is how often a build says how far it is.
const tellEvery = 5 * time.Second

// watch runs go build -v, which names each module that it downloads and each
// package that it compiles, and says now and then how far it is. The error holds
// what the compiler said.
func (b binary) watch(cmd *exec.Cmd, progress io.Writer) error {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewReader(stderr); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				lines <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
	said := b.follow(lines, progress)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// follow counts what a build names, and returns whatever else it says.
func (b binary) follow(lines <-chan string, progress io.Writer) string {
	var said strings.Builder
	downloaded, compiled, started := 0, 0, time.Now()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case line, ok := <-lines:
			switch {
			case !ok:
				return said.String()
			case strings.HasPrefix(line, "go: downloading "):
				downloaded++
			case strings.ContainsAny(line, " :"): // a package path has neither
				fmt.Fprintln(&said, line)
			default:
				compiled++
			}
		case <-tick.C: // also when nothing is said, as while it is linked
			what := fmt.Sprintf("%d of about %d packages", compiled, max(b.packages, compiled))
			if compiled == 0 {
				what = fmt.Sprintf("%d modules downloaded", downloaded)
			}
			fmt.Fprintf(progress, "  %s: %s, %s\n", b.name, what, time.Since(started).Round(time.Second))
		}
	}
}

// lock takes an exclusive lock between processes; the kernel frees it when the
// holder dies.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of a build: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("waiting for another build: %w", err)
	}
	return func() { _ = file.Close() }, nil
}
