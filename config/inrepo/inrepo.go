// SPDX-License-Identifier: Apache-2.0

// Package inrepo reads the jobs that a repository brings along, in .prow.yaml
// or in the folder .prow, as they are when pulls are merged into their base, or
// in a folder of this machine.
//
// Starts on: whoever wants to know a repository's jobs (the trigger plugin,
// tide, the commands of cutwater). Changes: its mirrors of the repositories, in a folder. Config:
// in_repo_config, which package config applies. In Prow: in-repo config,
// pkg/config/inrepoconfig.go and cache.go.
//
// A merge is done by git on its objects, with no work tree. The result is
// remembered by the commits, and what its files say by their content, so that
// the pulls that do not touch a repository's jobs share one parsed file.
package inrepo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/sync/singleflight"
	"k8s.io/utils/lru"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/git"
	"github.com/cutwater-ci/cutwater/internal/github"
)

// forge is what a Getter needs of GitHub.
type forge interface {
	// WebURL is the root below which git serves org/repo.git.
	WebURL() string
	// Token is what git may log in with, or empty.
	Token(ctx context.Context, org string) (string, error)
}

// Options tune a Getter.
type Options struct {
	// Dir is the folder of the mirrors; it must be given.
	Dir string
	// CacheSize is how many results are remembered; 0 means 200.
	CacheSize int
	// Env is passed on to git, for proxies and certificates.
	Env []string
}

// Getter reads jobs from repositories. It is safe for concurrent use.
type Getter struct {
	web    string
	store  *git.Store
	flight singleflight.Group
	decode *document.Decoder
	// merges has a content key by the commits that were merged; contents has files by that key.
	merges   *lru.Cache
	contents *lru.Cache
}

// New returns a Getter for the repositories of a forge. It fails where there is no git that will do.
func New(ctx context.Context, gh forge, opts Options) (*Getter, error) {
	store, err := git.New(ctx, git.Options{
		Dir: opts.Dir,
		Env: opts.Env,
		Credential: func(ctx context.Context, repoURL string) (git.Credential, error) {
			token, err := gh.Token(ctx, orgOf(gh.WebURL(), repoURL))
			return git.Credential{Username: "x-access-token", Password: token}, err
		},
	})
	if err != nil {
		return nil, err
	}
	size := cmp.Or(opts.CacheSize, 200)
	return &Getter{web: gh.WebURL(), store: store, decode: &document.Decoder{}, merges: lru.New(size * 4), contents: lru.New(size)}, nil
}

// orgOf is the org in the URL of a repository.
func orgOf(web, repoURL string) string {
	org, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(repoURL, web), "/"), "/")
	return org
}

// Jobs is what the repository says about its jobs when the heads are merged
// into the base, in their order. A repository that says nothing gets an empty
// file. The result is shared and must not be changed.
//
// When the error is the author's, IsMistake holds for it; it is then the same
// each time. A conflict is a *git.ConflictError.
func (g *Getter) Jobs(ctx context.Context, repo github.Repo, baseSHA string, headSHAs ...string) (*jobs.InRepoFile, error) {
	key := repo.String() + " " + baseSHA + " " + strings.Join(headSHAs, " ")
	if content, ok := g.merges.Get(key); ok {
		if file, ok := g.contents.Get(content); ok {
			return file.(*jobs.InRepoFile), nil
		}
	}
	// One caller's end must not fail the others who wait for the same; git's own limits bound the work.
	shared := context.WithoutCancel(ctx)
	result := g.flight.DoChan(key, func() (any, error) { return g.read(shared, key, repo, baseSHA, headSHAs) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return nil, fmt.Errorf("reading the jobs of %v: %w", repo, r.Err)
		}
		return r.Val.(*jobs.InRepoFile), nil
	}
}

// read merges, and parses what was not seen before.
func (g *Getter) read(ctx context.Context, key string, repo github.Repo, baseSHA string, headSHAs []string) (*jobs.InRepoFile, error) {
	repoURL, err := url.JoinPath(g.web, repo.Org, repo.Name+".git")
	if err != nil {
		return nil, err
	}
	mirror, err := g.store.Repo(repoURL)
	if err != nil {
		return nil, err
	}
	tree, err := mirror.Merge(ctx, baseSHA, headSHAs...)
	if err != nil {
		return nil, err
	}
	source, err := find(ctx, tree)
	if err != nil {
		return nil, err
	}
	content := repo.String() + " " + source.key
	file, ok := g.contents.Get(content)
	if !ok {
		names, contents, err := source.read(ctx, tree)
		if err != nil {
			return nil, err
		}
		p := parse(g.decode, names, contents)
		if len(p.Errors) > 0 {
			return nil, &Mistake{Problems: document.Problems(p.Errors).Sorted()}
		}
		file = &p.InRepoFile
		g.contents.Add(content, file)
	}
	g.merges.Add(key, content)
	return file.(*jobs.InRepoFile), nil
}

// Mistake is an error in what a repository says about its jobs, with the places
// relative to its root.
type Mistake struct{ document.Problems }

// Unwrap is the problems.
func (m *Mistake) Unwrap() error { return m.Problems }

// mistake is one in a file.
func mistake(file, format string, args ...any) error {
	return &Mistake{document.Problems{{Position: document.Position{File: file}, Message: fmt.Sprintf(format, args...)}}}
}

// IsMistake reports whether the error is the author's to mend, by another commit.
func IsMistake(err error) bool {
	var mistake *Mistake
	var conflict *git.ConflictError
	return errors.As(err, &mistake) || errors.As(err, &conflict) || errors.Is(err, git.ErrTooMuchOutput)
}
