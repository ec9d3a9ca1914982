// SPDX-License-Identifier: Apache-2.0

package git

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// command is one git process.
type command struct {
	dir   string
	args  []string
	stdin []byte
	// remote, when set, is where the process may log in.
	remote string
}

// exitError is a git process that ended with an exit code.
type exitError struct {
	args   []string
	code   int
	stderr string
	stdout []byte
}

func (e *exitError) Error() string {
	text := strings.TrimSpace(e.stderr)
	if text == "" {
		text = "exit code " + strconv.Itoa(e.code)
	}
	return fmt.Sprintf("git %s: %s", e.args[0], text)
}

// ErrTooMuchOutput is the error when git has more to say than Options.MaxOutput, as
// about a repository with huge files; it is the same each time.
var ErrTooMuchOutput = errors.New("git wrote more than is allowed")

// run runs a git process and returns what it printed.
func (s *Store) run(ctx context.Context, c command) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, fmt.Errorf("git %s took longer than %v", c.args[0], s.opts.Timeout))
	defer cancel()
	env, secrets, err := s.environment(ctx, c)
	if err != nil {
		return nil, err
	}
	stdout := &limitedBuffer{left: s.opts.MaxOutput, full: cancel}
	stderr := &limitedBuffer{left: 64 << 10, keep: true}
	cmd := exec.CommandContext(ctx, s.binary, c.args...)
	cmd.Dir = c.dir
	cmd.Env = env
	cmd.Stdin = bytes.NewReader(c.stdin)
	cmd.Stdout = stdout
	cmd.Stderr = stderr
	// git runs children (remote-https, index-pack), which have to end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second

	err = cmd.Run()
	if stdout.overflowed {
		return nil, fmt.Errorf("git %s: %w", c.args[0], ErrTooMuchOutput)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, &exitError{args: c.args, code: exit.ExitCode(), stderr: redact(stderr.buffer.String(), secrets), stdout: stdout.buffer.Bytes()}
	}
	if err != nil {
		return nil, fmt.Errorf("running git %s: %w", c.args[0], err)
	}
	return stdout.buffer.Bytes(), nil
}

// environment is all that git gets to know, and the secrets that are in it.
func (s *Store) environment(ctx context.Context, c command) (env, secrets []string, err error) {
	for _, pair := range s.opts.Env {
		if !strings.HasPrefix(pair, "GIT_") {
			env = append(env, pair)
		}
	}
	env = append(
		env,
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME="+s.opts.Dir,
		"XDG_CONFIG_HOME="+s.opts.Dir,
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=/bin/false",
		"GIT_ALLOW_PROTOCOL=http:https:file",
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_OPTIONAL_LOCKS=0",
		// Merges of several pulls make commits, which are the same for the same pulls.
		"GIT_AUTHOR_NAME=merge", "GIT_AUTHOR_EMAIL=merge@localhost", "GIT_AUTHOR_DATE=@0 +0000",
		"GIT_COMMITTER_NAME=merge", "GIT_COMMITTER_EMAIL=merge@localhost", "GIT_COMMITTER_DATE=@0 +0000",
	)
	config := [][2]string{
		{"core.hooksPath", "/dev/null"},
		{"credential.helper", ""},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"protocol.version", "2"},
		{"safe.directory", "*"},
		{"advice.detachedHead", "false"},
		{"http.lowSpeedLimit", "1000"},
		{"http.lowSpeedTime", "60"},
	}
	if c.remote != "" && s.opts.Credential != nil {
		login, err := s.login(ctx, c.remote)
		if err != nil {
			return nil, nil, err
		}
		if login != nil {
			config = append(config, login.helper)
			env = append(env, login.env...)
			secrets = login.secrets
		}
	}
	env = append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(len(config)))
	for i, pair := range config {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, pair[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, pair[1]))
	}
	return env, secrets, nil
}

// login lets git log in to one host.
type login struct {
	helper [2]string
	env    []string
	// secrets are the forms of the password that must not be seen.
	secrets []string
}

// login is nil where nothing is needed.
func (s *Store) login(ctx context.Context, remote string) (*login, error) {
	credential, err := s.opts.Credential(ctx, remote)
	if err != nil {
		return nil, fmt.Errorf("getting credentials for %s: %w", remote, err)
	}
	u, err := url.Parse(remote)
	if err != nil || credential.Password == "" || u.Scheme == "file" {
		return nil, err
	}
	key, value := Helper(u.Scheme + "://" + u.Host)
	return &login{
		helper: [2]string{key, value},
		env:    credential.Env(),
		secrets: []string{
			base64.StdEncoding.EncodeToString([]byte(credential.Username + ":" + credential.Password)),
			credential.Password,
		},
	}, nil
}

func redact(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	return text
}

// limitedBuffer holds what a process writes, up to a limit. (Embedding the
// buffer would offer its ReadFrom, which goes past Write.)
type limitedBuffer struct {
	buffer     bytes.Buffer
	left       int64
	keep       bool // swallow the rest instead of failing
	full       func()
	overflowed bool
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	n := len(p)
	if int64(n) > b.left {
		if !b.keep {
			b.overflowed = true
			b.full()
			return 0, io.ErrShortWrite
		}
		p = p[:b.left]
	}
	b.left -= int64(len(p))
	b.buffer.Write(p)
	return n, nil
}
