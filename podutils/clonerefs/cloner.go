// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// cloner clones refs; it is safe for concurrent use.
type cloner struct {
	options *options.Clone
	// shown is added to the environment of every command, and recorded; hidden is
	// not recorded, and wins.
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

// refusedDelay is the longest wait after a refusal. A new token, key or repository
// may take a moment to be known everywhere, but hardly more.
const refusedDelay = time.Second

// clone clones refs and returns the record of it.
func (c *cloner) clone(ctx context.Context, refs prowv1.Refs) layout.CloneRecord {
	begin := time.Now()
	r := &run{cloner: c, record: layout.CloneRecord{Refs: layout.ShownRefs(refs)}}
	c.log.Info("Cloning refs", "org", refs.Org, "repo", refs.Repo, "refs", refs.String())
	if err := r.clone(ctx, refs); err != nil {
		r.record.Failed = true
		r.explain(ctx)
		c.log.Error("Cannot clone refs", "org", refs.Org, "repo", refs.Repo, "error", r.login.censor(err.Error()), "explanation", r.record.Explanation)
	}
	r.record.Duration = time.Since(begin)
	return r.record
}

// run is one clone.
type run struct {
	*cloner
	record layout.CloneRecord
	// login is for what is cloned; it may be nil.
	login *login
}

func (r *run) clone(ctx context.Context, refs prowv1.Refs) error {
	if err := checkRefs(r.options.SrcRoot, refs); err != nil {
		return r.fail("check refs", err)
	}
	p := &plan{refs: refs, dir: layout.ClonePath(r.options.SrcRoot, refs), uri: repositoryURI(refs), env: r.shown}
	login, err := r.credentials.login(ctx, refs, p.uri)
	if err != nil {
		return r.fail("get credentials", err)
	}
	if r.login = login; login != nil {
		p.uri = login.shownURI
	}
	if err := r.steps(ctx, append(p.create(r.options), p.base()...)...); err != nil {
		return err
	}
	var trusted []string
	if !refs.SkipSubmodules && login != nil {
		trusted = r.trustedSubmodules(ctx, p)
	}
	if err := r.merge(ctx, p); err != nil {
		return err
	}
	if !refs.SkipSubmodules {
		if err := r.submodules(ctx, p, trusted); err != nil {
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

// tryHard runs a step, and a fetch up to ten times, as Prow does. The waits are
// long where time can mend it: a new commit takes a while to be everywhere.
func (r *run) tryHard(ctx context.Context, s *step) (string, error) {
	if !s.fetch {
		return r.try(ctx, s, r.asked(s))
	}
	output, err := r.try(ctx, s, r.login.unasked())
	for _, delay := range retryDelays() {
		if err == nil {
			break
		}
		switch mishapOf(output).again {
		case never:
			return output, err
		case soon:
			delay = min(delay, refusedDelay)
		case later:
		}
		if r.sleep(ctx, delay) != nil {
			break
		}
		r.log.Info("Trying again", "command", s.text(), "after", delay.String(), "error", r.login.censor(err.Error()), "output", r.login.censor(output))
		output, err = r.try(ctx, s, r.asked(s))
	}
	return output, err
}

// asked lets a step log in when it is asked to: even a checkout can fetch, where
// file contents were left out.
func (r *run) asked(s *step) []setting {
	switch {
	case r.login == nil:
		return nil
	case s.logins != nil:
		return r.login.asked(s.logins...)
	}
	return r.login.asked(r.login.host)
}

// try runs a step once; making a folder needs no program.
func (r *run) try(ctx context.Context, s *step, settings []setting) (string, error) {
	if s.args[0] == "mkdir" {
		return "", os.MkdirAll(s.args[2], 0o755) // others read the code
	}
	args := slices.Clone(s.args)
	if s.fetch && r.login != nil {
		args[slices.Index(args, r.login.shownURI)] = r.login.uri
	}
	return r.git(s.dir, args, s.env, settings).run(ctx)
}

// ask asks git for a fact about the clone.
func (r *run) ask(ctx context.Context, p *plan, args ...string) (string, error) {
	s := p.git(args...)
	return r.git(s.dir, s.args, s.env, r.asked(&s)).answer(ctx)
}

func (r *run) git(dir string, args, env []string, settings []setting) git {
	g := git{dir: dir, args: args, env: slices.Concat(env, r.hidden), settings: settings}
	if len(settings) > 0 { // those that let it log in
		g.env = append(g.env, r.login.env...)
	}
	return g
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
	sha, err := r.ask(ctx, p, "rev-parse", "HEAD")
	if err != nil {
		return r.fail("read final commit", err)
	}
	r.record.FinalSHA = strings.TrimSpace(sha)
	return nil
}
