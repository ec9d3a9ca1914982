// SPDX-License-Identifier: Apache-2.0

package clonerefs

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/podutils/layout"
	"github.com/cutwater-ci/cutwater/podutils/options"
)

// step is one command.
type step struct {
	dir string
	// env is added to the environment, and shows in the record.
	env  []string
	args []string
	// fetch marks a step that is all about the repository's URI: it is tried again
	// when it fails.
	fetch bool
	// logins, where they are not nil, are the URLs at which alone the step may log
	// in; else it may at the repository's host.
	logins []string
}

// text is how the record shows the step.
func (s *step) text() string {
	return "PWD=" + s.dir + " " + strings.Join(s.env, " ") + " " + strings.Join(s.args, " ")
}

// plan makes the steps of cloning refs from uri.
type plan struct {
	refs prowv1.Refs
	dir  string
	uri  string
	env  []string
}

func (p *plan) git(args ...string) step {
	return step{dir: p.dir, env: p.env, args: append([]string{"git"}, args...)}
}

// fetch fetches one thing, or with none all tags and the default branch.
func (p *plan) fetch(flags []string, what ...string) step {
	args := append([]string{"fetch"}, flags...)
	args = append(args, p.uri)
	s := p.git(append(args, what...)...)
	s.fetch = true
	return s
}

// create makes an empty repository.
func (p *plan) create(o *options.Clone) []step {
	steps := []step{{dir: "/", env: p.env, args: []string{"mkdir", "-p", p.dir}}, p.git("init")}
	if o.GitUserName != "" {
		steps = append(steps, p.git("config", "user.name", o.GitUserName))
	}
	if o.GitUserEmail != "" {
		steps = append(steps, p.git("config", "user.email", o.GitUserEmail))
	}
	if o.CookiePath != "" && p.refs.SkipSubmodules {
		steps = append(steps, p.git("config", "http.cookiefile", o.CookiePath))
	}
	return steps
}

// base checks out the base branch.
func (p *plan) base() []step {
	var steps []step
	sparse := len(p.refs.SparseCheckoutFiles) > 0
	var flags []string
	if depth := p.refs.CloneDepth; depth > 0 {
		flags = append(flags, "--depth", strconv.Itoa(depth))
	}
	if sparse || isTrue(p.refs.BloblessFetch) {
		flags = append(flags, "--filter=blob:none")
	}
	if sparse {
		steps = append(steps, p.git("sparse-checkout", "init"))
		flags = append(flags, "--no-tags")
	} else if !p.refs.SkipFetchHead {
		steps = append(steps, p.fetch(flags, "--tags", "--prune"))
	}
	wanted, target := p.refs.BaseRef, "FETCH_HEAD"
	if p.refs.BaseSHA != "" {
		wanted, target = p.refs.BaseSHA, p.refs.BaseSHA
	}
	steps = append(steps, p.fetch(flags, wanted))
	if sparse {
		steps = append(steps, p.git(append([]string{"sparse-checkout", "set"}, p.refs.SparseCheckoutFiles...)...))
	}
	return append(steps,
		// A branch that is checked out cannot be moved, so first the commit.
		p.git("checkout", target),
		p.git("branch", "--force", p.refs.BaseRef, target),
		p.git("checkout", p.refs.BaseRef))
}

// pull merges the pull request with the index. The merge commits have times that
// follow from the base commit's, in seconds since 1970, so that their SHAs are the
// same in every run.
func (p *plan) pull(index int, baseTime int64) []step {
	var flags []string
	if isTrue(p.refs.BloblessFetch) {
		flags = append(flags, "--filter=blob:none")
	}
	pull := &p.refs.Pulls[index]
	wanted, target := fmt.Sprintf("pull/%d/head", pull.Number), "FETCH_HEAD"
	if pull.SHA != "" {
		wanted, target = pull.SHA, pull.SHA
	}
	if pull.Ref != "" {
		wanted = pull.Ref
	}
	merge := p.git("merge", "--no-ff", target)
	date := strconv.FormatInt(baseTime+int64(index)+1, 10)
	merge.env = append(merge.env[:len(merge.env):len(merge.env)], "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	return []step{p.fetch(flags, wanted), merge}
}

// submodules fetches them, with our credentials only from the trusted URLs.
func (p *plan) submodules(trusted []string) step {
	s := p.git("submodule", "update", "--init", "--recursive")
	s.logins = append([]string{}, trusted...)
	return s
}

func isTrue(b *bool) bool { return b != nil && *b }

// repositoryURI is where refs are cloned from.
func repositoryURI(refs prowv1.Refs) string {
	switch {
	case refs.CloneURI != "":
		return refs.CloneURI
	case refs.RepoLink != "":
		return refs.RepoLink + ".git"
	}
	return "https://github.com/" + refs.OrgRepo() + ".git"
}

// checkRefs refuses refs that git would take for something else: they come from
// pull requests and configurations that anybody may have written.
func checkRefs(srcRoot string, refs prowv1.Refs) error {
	words := append([]string{refs.BaseRef, refs.BaseSHA, repositoryURI(refs)}, refs.SparseCheckoutFiles...)
	for _, pull := range refs.Pulls {
		words = append(words, pull.SHA, pull.Ref)
	}
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			return fmt.Errorf("%q looks like a flag of git", word)
		}
	}
	place, err := filepath.Rel(filepath.Join(srcRoot, "src"), layout.ClonePath(srcRoot, refs))
	if err != nil || !filepath.IsLocal(place) {
		return fmt.Errorf("%q would be cloned outside of the code folder", refs.PathAlias)
	}
	return nil
}
