// SPDX-License-Identifier: Apache-2.0

// Package git reads repositories by object, without a work tree: it keeps a
// bare mirror of each in a folder, fetches the commits that are asked for,
// merges them in memory and reads files of the result.
//
// It runs the git program (2.38 or later). A library would save the process,
// but go-git has neither partial fetches nor git's merge (renames, directory
// renames, conflict rules), and the result has to be what git would merge.
//
// Everything that comes from a repository is taken for hostile: names never
// become options, no hook, filter, credential prompt or configuration outside
// this package takes part, transports are limited to HTTP(S) and local files,
// and time and output have bounds. Credentials travel in the environment of
// the one process that needs them, never in arguments, files or errors.
//
// In Prow: pkg/git/v2.
package git

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say how to run git. The zero value works but for Dir.
type Options struct {
	// Dir is the folder of the mirrors. It may be emptied while nothing runs.
	Dir string
	// Credential gives what to log in with at a repository; nil, or an empty password, is anonymous.
	Credential func(ctx context.Context, repoURL string) (Credential, error)
	// Timeout limits each git process; 0 means 5 minutes.
	Timeout time.Duration
	// MaxOutput limits what is read from a git process, in bytes; 0 means 32 MiB.
	MaxOutput int64
	// MaxRefs is how many commits a mirror remembers before it lets go of the older half; 0 means 2,000.
	MaxRefs int
	// Env is passed on to git: proxies, certificates. Variables of git's own are ignored.
	Env []string
}

// Store is a folder of mirrors. It is safe for concurrent use by one process.
type Store struct {
	opts   Options
	binary string

	mu    sync.Mutex
	repos map[string]*Repo
}

// minMajor and minMinor are the first git with merge-tree --write-tree.
const minMajor, minMinor = 2, 38

// New returns the store in opts.Dir, and an error when there is no git that will do.
func New(ctx context.Context, opts Options) (*Store, error) {
	if opts.Dir == "" {
		return nil, errors.New("the git store has no folder")
	}
	opts.Timeout = cmp.Or(opts.Timeout, 5*time.Minute)
	opts.MaxOutput = cmp.Or(opts.MaxOutput, 32<<20)
	opts.MaxRefs = cmp.Or(opts.MaxRefs, 2000)
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	opts.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the git store: %w", err)
	}
	binary, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("git is needed, at least %d.%d: %w", minMajor, minMinor, err)
	}
	s := &Store{opts: opts, binary: binary, repos: map[string]*Repo{}}
	out, err := s.run(ctx, command{dir: dir, args: []string{"version"}})
	if err != nil {
		return nil, err
	}
	return s, checkVersion(string(out))
}

// checkVersion reads "git version 2.39.5 (something)".
func checkVersion(out string) error {
	numbers := regexp.MustCompile(`^git version (\d+)\.(\d+)`).FindStringSubmatch(out)
	if numbers == nil {
		return fmt.Errorf("unknown version of git: %q", strings.TrimSpace(out))
	}
	major, _ := strconv.Atoi(numbers[1])
	minor, _ := strconv.Atoi(numbers[2])
	if major < minMajor || major == minMajor && minor < minMinor {
		return fmt.Errorf("git %d.%d is too old: at least %d.%d is needed", major, minor, minMajor, minMinor)
	}
	return nil
}

// Repo returns the mirror of the repository at an http, https or file URL. It reads nothing yet.
func (s *Store) Repo(repoURL string) (*Repo, error) {
	u, err := url.Parse(repoURL)
	if err != nil {
		return nil, errors.New("the repository's URL does not parse") // url's error would repeat a password
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("the URL of %s%s has credentials in it", u.Host, u.Path)
	case u.Scheme == "file" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
	default:
		return nil, fmt.Errorf("%q is not an http, https or file URL", repoURL)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, ok := s.repos[repoURL]
	if !ok {
		sum := sha256.Sum256([]byte(repoURL))
		repo = &Repo{store: s, url: repoURL, dir: filepath.Join(s.opts.Dir, hex.EncodeToString(sum[:16])+".git")}
		s.repos[repoURL] = repo
	}
	return repo, nil
}
