// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/internal/github"
)

// change is a commit to make on a branch of a repository of the machine's GitHub.
type change struct {
	repo    github.Repo
	from    string   // the branch to begin from
	branch  string   // the branch to push to
	message string   // of the commit
	files   []string // each path=file, the content of path being that of file
}

// push makes the commit in a clone that is thrown away, and pushes it. Without
// files the commit is empty, which is enough to start the jobs again.
func (m *machine) push(ctx context.Context, c change) error {
	dir, err := os.MkdirTemp("", "cutwater-push-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := m.git(ctx, "", "clone", "--quiet", "--branch", c.from, m.Forge+"/"+c.repo.String()+".git", dir); err != nil {
		return err
	}
	for _, file := range c.files {
		path, source, ok := strings.Cut(file, "=")
		if !ok || !filepath.IsLocal(path) {
			return fmt.Errorf("--file %q: want PATH=FILE, PATH being inside of the repository", file)
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"add", "--all"},
		{"-c", "user.name=" + m.login, "-c", "user.email=" + m.login + "@example.com", "commit", "--quiet", "--allow-empty", "--message", c.message},
		{"push", "--quiet", "origin", "HEAD:refs/heads/" + c.branch},
	} {
		if err := m.git(ctx, dir, args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs git as the person, whose token is in no argument and no file.
func (m *machine) git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=http."+m.Forge+"/.extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(m.login+":"+m.token)))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("git %s: %w", args[0], err), errors.New(strings.TrimSpace(string(out))))
	}
	return nil
}
