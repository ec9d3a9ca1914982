// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Probe finds the best isolation that works here, by trying: it starts
// program, whose main calls [Main] first, for each kind. Where only [None] is
// left, the error says in one line why and what would help.
func Probe(ctx context.Context, program string) (Isolation, error) {
	dir, err := os.MkdirTemp("", "cutwater-probe-")
	if err != nil {
		return None, fmt.Errorf("pods cannot be isolated: no temporary directory to try in: %w", err)
	}
	defer func() { _ = RemoveAll(dir) }()
	kinds := []Isolation{UserNamespace}
	if os.Geteuid() == 0 {
		kinds = []Isolation{Root, UserNamespace}
	}
	for _, kind := range kinds {
		if err = try(ctx, program, kind, dir); err == nil {
			return kind, nil
		}
	}
	hint := "run as root, or allow user namespaces"
	for _, name := range []string{
		"kernel.apparmor_restrict_unprivileged_userns=0", "kernel.unprivileged_userns_clone=1", "user.max_user_namespaces=10000",
	} {
		key, value, _ := strings.Cut(name, "=")
		now, readErr := os.ReadFile("/proc/sys/" + strings.ReplaceAll(key, ".", "/"))
		if got := strings.TrimSpace(string(now)); readErr == nil && (got == "0") != (value == "0") {
			hint = "run as root, or allow user namespaces: sysctl -w " + name
			break
		}
	}
	return None, fmt.Errorf("pods cannot be isolated, so only those without volumes run: %w (%s)", err, hint)
}

// try starts a process with the given isolation that ends at once.
func try(ctx context.Context, program string, kind Isolation, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	own, err := os.MkdirTemp(dir, "")
	if err != nil {
		return err
	}
	launcher := NewLauncher(program)
	defer launcher.Close()
	spec := Spec{Isolation: kind, Dir: own, Args: []string{"true"}, Mounts: []Mount{{Source: dir, Target: "/cutwater-probe"}}}
	p, err := launcher.Start(spec, nil, nil, nil)
	if err != nil {
		var start *StartError
		if errors.As(err, &start) && start.Code == 127 {
			// Everything was mounted; this machine has no program "true".
			return nil
		}
		return err
	}
	_, err = p.Wait()
	return err
}
