// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// silence is how long a server may say nothing before it is taken for stuck, and
// the fetch ends. Before it sends a big pack it can be busy for minutes, and pods
// have ten to start, unless told otherwise.
const silence = 5 * time.Minute

// setting is one of git's configuration.
type setting struct{ key, value string }

// everywhere are the settings of all commands.
func everywhere() []setting {
	return []setting{
		// A byte a second will do: about so much a server sends while it is busy, to
		// show that it is alive.
		{"http.lowSpeedLimit", "1"},
		{"http.lowSpeedTime", strconv.Itoa(int(silence / time.Second))},
		// There is nothing to tidy in a new clone.
		{"maintenance.auto", "false"},
	}
}

// settingsEnv hands settings to git by environment variables, after those that
// our own environment has.
func settingsEnv(settings []setting) []string {
	n, err := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	if err != nil || n < 0 {
		n = 0
	}
	env := []string{"GIT_CONFIG_COUNT=" + strconv.Itoa(n+len(settings))}
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n+i, s.key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n+i, s.value))
	}
	return env
}

// git is one run of git.
type git struct {
	dir      string
	args     []string // with the program's name
	env      []string
	settings []setting
}

func (g git) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.args[0], g.args[1:]...) // checkRefs has looked at what is from outside
	cmd.Dir = g.dir
	// Merge commits get the time zone, and a git that asks for a password hangs.
	cmd.Env = slices.Concat(os.Environ(), []string{"TZ=UTC", "GIT_TERMINAL_PROMPT=0"}, g.env, settingsEnv(append(everywhere(), g.settings...)))
	// Git's helpers end with it, or they would hold the output open for as long as
	// the other side takes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// run returns all that git printed.
func (g git) run(ctx context.Context) (string, error) {
	var output bytes.Buffer
	cmd := g.command(ctx)
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	return output.String(), err
}

// answer returns what git answers to a question, without warnings that it may
// have, and those instead with an error.
func (g git) answer(ctx context.Context) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := g.command(ctx)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
