// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/cutwater-ci/cutwater/podutils/layout"
)

// trustedSubmodules are the URLs of submodules that the base branch has and that
// are at the repository's host: our credentials are good for them. A pull request
// could name any repository, and so read what its author may not.
func (r *run) trustedSubmodules(ctx context.Context, p *plan) []string {
	text, err := r.ask(ctx, p, "config", "--blob", "HEAD:.gitmodules", "--null", "--get-regexp", `^submodule\..*\.url$`)
	if err != nil {
		return nil // there are none
	}
	var trusted []string
	for entry := range strings.SplitSeq(text, "\x00") {
		_, text, _ := strings.Cut(entry, "\n")
		u, err := url.Parse(text) // refuses control characters too
		if err != nil {
			continue
		}
		u.User = nil
		if text := u.String(); len(text) > len(r.login.host) && strings.HasPrefix(text, r.login.host) {
			trusted = append(trusted, text)
		}
	}
	return trusted
}

// submodules spares git's slow script where there are none.
func (r *run) submodules(ctx context.Context, p *plan, trusted []string) error {
	s := p.submodules(trusted)
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
	files, err := r.ask(ctx, p, "ls-files", "--stage")
	if err != nil {
		return false, err
	}
	const commitMode = "160000 "
	return strings.HasPrefix(files, commitMode) || strings.Contains(files, "\n"+commitMode), nil
}
