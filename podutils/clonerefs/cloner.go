// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// cloner clones refs; it is safe for concurrent use.
type cloner struct {
	options *options.Clone
	// shown is added to the environment of every command, and recorded; hidden is not.
	shown, hidden []string
	credentials   credentials
	sleep         Sleep
	log           *slog.Logger
}

// retryDelays are the waits between the attempts of a fetch.
func retryDelays() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second}
}

// clone clones refs and returns the record of it.
func (c *cloner) clone(ctx context.Context, refs prowv1.Refs) layout.CloneRecord {
	begin := time.Now()
	r := &run{cloner: c, record: layout.CloneRecord{Refs: refs}}
	c.log.Info("Cloning refs", "org", refs.Org, "repo", refs.Repo, "refs", refs.String())
	if err := r.clone(ctx, refs); err != nil {
		r.record.Failed = true
		c.log.Error("Cannot clone refs", "org", refs.Org, "repo", refs.Repo, "error", err)
	}
	r.record.Duration = time.Since(begin)
	return r.record
}

// run is one clone.
type run struct {
	*cloner
	record layout.CloneRecord
	// login is for fetches; it may be nil.
	login *login
}

func (r *run) clone(ctx context.Context, refs prowv1.Refs) error {
	if err := checkRefs(r.options.SrcRoot, refs); err != nil {
		return r.fail("check refs", err)
	}
	p := &plan{refs: refs, dir: layout.ClonePath(r.options.SrcRoot, refs), uri: repositoryURI(refs), env: r.shown}
	if r.credentials != nil {
		login, err := r.credentials.login(ctx, refs, p.uri)
		if err != nil {
			return r.fail("get credentials", err)
		}
		if r.login = login; login != nil {
			p.uri = login.shownURI
		}
	}
	if err := r.steps(ctx, append(p.create(r.options), p.base()...)...); err != nil {
		return err
	}
	if len(refs.Pulls) > 0 {
		baseTime, err := r.baseTime(ctx, p)
		if err != nil {
			return r.fail("read time of base commit", err)
		}
		if err := r.steps(ctx, p.pulls(baseTime)...); err != nil {
			return err
		}
	}
	if !refs.SkipSubmodules {
		if err := r.submodules(ctx, p); err != nil {
			return err
		}
	}
	return r.finalSHA(ctx, p)
}

// fail records what is no command that failed.
func (r *run) fail(what string, err error) error {
	r.record.Commands = append(r.record.Commands, layout.CloneCommand{Command: what, Error: r.login.censor(err.Error())})
	return fmt.Errorf("%s: %w", what, err)
}

// steps runs and records steps up to the first that fails.
func (r *run) steps(ctx context.Context, steps ...step) error {
	for i := range steps {
		s := &steps[i]
		begin := time.Now()
		output, err := r.tryHard(ctx, s)
		command := layout.CloneCommand{Command: s.text(), Output: r.login.censor(output), Duration: time.Since(begin)}
		if err != nil {
			command.Error = r.login.censor(err.Error())
		}
		r.record.Commands = append(r.record.Commands, command)
		r.log.Info("Ran command", "command", command.Command, "output", command.Output, "error", command.Error)
		if err != nil {
			return fmt.Errorf("%s: %w", s.args[:2], err)
		}
	}
	return nil
}

// tryHard runs a step, and a fetch up to ten times.
func (r *run) tryHard(ctx context.Context, s *step) (string, error) {
	output, err := r.try(ctx, s)
	if !s.fetch {
		return output, err
	}
	for _, delay := range retryDelays() {
		if err == nil || r.sleep(ctx, delay) != nil {
			break
		}
		r.log.Info("Trying again", "command", s.text(), "after", delay.String(), "error", r.login.censor(err.Error()))
		output, err = r.try(ctx, s)
	}
	return output, err
}

// try runs a step once; making a folder needs no program.
func (r *run) try(ctx context.Context, s *step) (string, error) {
	if s.args[0] == "mkdir" {
		return "", os.MkdirAll(s.args[2], 0o755) // others read the code
	}
	args, env := slices.Clone(s.args), slices.Concat(r.hidden, s.env)
	if s.fetch && r.login != nil {
		args[slices.Index(args, r.login.shownURI)] = r.login.uri
		env = append(env, r.login.env...)
	}
	return git(ctx, s.dir, env, args)
}

// git runs a command of git for its output.
func git(ctx context.Context, dir string, env, args []string) (string, error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) // what it runs was checked by checkRefs
	cmd.Dir = dir
	// Merge commits get the time zone, and a git that asks for a password hangs.
	cmd.Env = slices.Concat(os.Environ(), []string{"TZ=UTC", "GIT_TERMINAL_PROMPT=0"}, env)
	cmd.Stdout, cmd.Stderr = &output, &output
	// Git's helpers end with it, or they would hold the output open for as long as
	// the other side takes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	return output.String(), err
}

func (r *run) baseTime(ctx context.Context, p *plan) (int64, error) {
	output, err := git(ctx, p.dir, r.hidden, []string{"git", "show", "-s", "--format=format:%ct", "HEAD"})
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, output)
	}
	return strconv.ParseInt(strings.TrimSpace(output), 10, 64)
}

// submodules spares git's slow script where there are none.
func (r *run) submodules(ctx context.Context, p *plan) error {
	s := p.submodules()
	has, err := r.hasSubmodules(ctx, p)
	if err != nil {
		return r.fail("look for submodules", err)
	}
	if has {
		return r.steps(ctx, s)
	}
	r.record.Commands = append(r.record.Commands, layout.CloneCommand{Command: s.text()})
	return nil
}

func (r *run) hasSubmodules(ctx context.Context, p *plan) (bool, error) {
	if _, err := os.Lstat(filepath.Join(p.dir, ".gitmodules")); err == nil || !os.IsNotExist(err) {
		return true, nil
	}
	files, err := git(ctx, p.dir, r.hidden, []string{"git", "ls-files", "--stage"})
	if err != nil {
		return false, fmt.Errorf("%w: %s", err, files)
	}
	const commitMode = "160000 "
	return strings.HasPrefix(files, commitMode) || strings.Contains(files, "\n"+commitMode), nil
}

// finalSHA records the commit that is checked out.
func (r *run) finalSHA(ctx context.Context, p *plan) error {
	repo := os.DirFS(filepath.Join(p.dir, ".git"))
	if head, err := fs.ReadFile(repo, "HEAD"); err == nil {
		if branch, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: "); ok {
			if sha, err := fs.ReadFile(repo, branch); err == nil {
				r.record.FinalSHA = strings.TrimSpace(string(sha))
				return nil
			}
		}
	}
	output, err := git(ctx, p.dir, r.hidden, []string{"git", "rev-parse", "HEAD"})
	if err != nil {
		return r.fail("read final commit", fmt.Errorf("%w: %s", err, output))
	}
	r.record.FinalSHA = strings.TrimSpace(output)
	return nil
}
