// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Repo is the mirror of one repository.
type Repo struct {
	store *Store
	url   string
	dir   string

	// mu is held for writing while the mirror is made or cleaned up.
	mu sync.RWMutex
	// fetching is one at a time; known is guarded by it.
	fetching sync.Mutex
	known    map[string]bool // commits with a ref; nil until the mirror was looked at
}

// refPrefix is where the mirror keeps what it fetched, so that later fetches
// send only what is new.
const refPrefix = "refs/cutwater/"

var objectID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// checkIDs makes sure that object IDs are nothing else.
func checkIDs(ids ...string) error {
	for _, id := range ids {
		if !objectID.MatchString(id) {
			return fmt.Errorf("%q is not a commit's full SHA", id)
		}
	}
	return nil
}

// Fetch makes sure that the mirror has the commits and their history.
func (r *Repo) Fetch(ctx context.Context, commits ...string) error {
	if err := checkIDs(commits...); err != nil {
		return err
	}
	r.fetching.Lock()
	defer r.fetching.Unlock()
	if r.known == nil {
		if err := r.open(ctx); err != nil {
			return fmt.Errorf("opening the mirror of %s: %w", r.url, err)
		}
	}
	var missing []string
	for _, commit := range commits {
		if !r.known[commit] {
			missing = append(missing, commit)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := r.tidy(ctx); err != nil {
		return fmt.Errorf("tidying the mirror of %s: %w", r.url, err)
	}
	if err := r.fetch(ctx, missing); err != nil {
		return fmt.Errorf("fetching %s from %s: %w", strings.Join(missing, " "), r.url, err)
	}
	for _, commit := range missing {
		r.known[commit] = true
	}
	return nil
}

// fetch gets commits by SHA or, from a server that does not allow it, by
// getting all branches and pulls.
func (r *Repo) fetch(ctx context.Context, commits []string) error {
	specs := make([]string, len(commits))
	for i, commit := range commits {
		specs[i] = commit + ":" + refPrefix + commit
	}
	byID := r.fetchSpecs(ctx, specs...)
	if byID == nil || ctx.Err() != nil {
		return byID
	}
	if err := r.fetchSpecs(ctx, "+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/pull/*"); err != nil {
		return byID // the first error says what was missing
	}
	for _, commit := range commits {
		// Without a remote to ask, the mirror does not go and look for what it lacks.
		if _, err := r.offline(ctx, nil, "update-ref", refPrefix+commit, commit); err != nil {
			return byID
		}
	}
	return nil
}

func (r *Repo) fetchSpecs(ctx context.Context, specs ...string) error {
	args := []string{
		"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
		"--filter=blob:none", "origin", "--",
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, err := r.store.run(ctx, command{dir: r.dir, args: append(args, specs...), remote: r.url})
	return err
}

// open makes the mirror if need be, and sees what it has.
func (r *Repo) open(ctx context.Context) error {
	if _, err := os.Stat(r.dir); errors.Is(err, os.ErrNotExist) {
		if err := r.create(ctx); err != nil {
			return err
		}
	}
	out, err := r.offline(ctx, nil, "for-each-ref", "--format=%(refname)", refPrefix)
	if err != nil {
		return err
	}
	r.known = map[string]bool{}
	for ref := range strings.Lines(string(out)) {
		r.known[strings.TrimPrefix(strings.TrimSpace(ref), refPrefix)] = true
	}
	return nil
}

// create makes an empty mirror beside its place and moves it there, so that a
// crash leaves none that is half made.
func (r *Repo) create(ctx context.Context) error {
	dir, err := os.MkdirTemp(r.store.opts.Dir, "new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := r.store.run(ctx, command{dir: dir, args: []string{"init", "--quiet", "--bare", "--template=", "."}}); err != nil {
		return err
	}
	config := "[core]\n\trepositoryformatversion = 1\n\tbare = true\n" +
		"[extensions]\n\tpartialClone = origin\n" +
		"[remote \"origin\"]\n\turl = \"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(r.url) + "\"\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n"
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		return err
	}
	return os.Rename(dir, r.dir)
}

// tidy lets go of the older half of the commits when there are too many.
func (r *Repo) tidy(ctx context.Context) error {
	if len(r.known) < r.store.opts.MaxRefs {
		return nil
	}
	out, err := r.offline(ctx, nil, "for-each-ref", "--sort=creatordate", "--format=%(refname)", refPrefix)
	if err != nil {
		return err
	}
	refs := strings.Fields(string(out))
	var orders strings.Builder
	for _, ref := range refs[:len(refs)/2] {
		fmt.Fprintf(&orders, "delete %s\n", ref)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = nil // whatever happens now, look again
	if _, err := r.store.run(ctx, command{dir: r.dir, args: []string{"update-ref", "--stdin"}, stdin: []byte(orders.String())}); err != nil {
		return err
	}
	if _, err := r.store.run(ctx, command{dir: r.dir, args: []string{"gc", "--quiet", "--prune=now"}}); err != nil {
		return err
	}
	r.known = map[string]bool{}
	for _, ref := range refs[len(refs)/2:] {
		r.known[strings.TrimPrefix(ref, refPrefix)] = true
	}
	return nil
}

// offline runs a git command that needs only what the mirror has.
func (r *Repo) offline(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store.run(ctx, command{dir: r.dir, args: args, stdin: stdin})
}

// online runs a git command that may fetch file contents as it needs them.
func (r *Repo) online(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.store.run(ctx, command{dir: r.dir, args: args, stdin: stdin, remote: r.url})
}
