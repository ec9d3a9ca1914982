// SPDX-License-Identifier: Apache-2.0

package bare

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Commit is a commit as git knows it.
type Commit struct {
	SHA, Tree         string
	Parents           []string
	Author, Committer Person
	AuthoredAt        time.Time
	CommittedAt       time.Time
	Message           string
}

const commitFormat = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x01"

// Log returns the commits that head has and base has not, oldest first.
func (r *Repo) Log(ctx context.Context, base, head string) ([]Commit, error) {
	revisions := head
	if base != "" {
		revisions = base + ".." + head
	}
	out, err := r.git(ctx, nil, nil, "log", "--reverse", "--topo-order", "--format="+commitFormat, "--end-of-options", revisions)
	if err != nil {
		return nil, err
	}
	return parseCommits(out)
}

// Show returns the commit that the revision names.
func (r *Repo) Show(ctx context.Context, revision string) (Commit, error) {
	sha, err := r.Resolve(ctx, revision)
	if err != nil {
		return Commit{}, err
	}
	out, err := r.git(ctx, nil, nil, "log", "-1", "--format="+commitFormat, sha)
	if err != nil {
		return Commit{}, err
	}
	commits, err := parseCommits(out)
	if err != nil || len(commits) != 1 {
		return Commit{}, fmt.Errorf("reading commit %s: %w", sha, err)
	}
	return commits[0], nil
}

func parseCommits(out []byte) ([]Commit, error) {
	var commits []Commit
	for record := range strings.SplitSeq(string(out), "\x01") {
		record = strings.TrimLeft(record, "\n")
		if record == "" {
			continue
		}
		f := strings.SplitN(record, "\x00", 10)
		if len(f) != 10 {
			return nil, fmt.Errorf("git log printed %q", record)
		}
		authored, err := strconv.ParseInt(f[5], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading a date: %w", err)
		}
		committed, err := strconv.ParseInt(f[8], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading a date: %w", err)
		}
		commits = append(commits, Commit{
			SHA: f[0], Tree: f[1], Parents: strings.Fields(f[2]),
			Author: Person{f[3], f[4]}, AuthoredAt: time.Unix(authored, 0).UTC(),
			Committer: Person{f[6], f[7]}, CommittedAt: time.Unix(committed, 0).UTC(),
			Message: strings.TrimSuffix(f[9], "\n"),
		})
	}
	return commits, nil
}

// File is a difference between two commits.
type File struct {
	Name, PreviousName   string
	Status               string // "added", "removed", "modified", "renamed"
	SHA                  string // of the blob, as it is afterwards if it is
	Patch                string // from the first @@
	Additions, Deletions int
}

// Diff returns what changed from one commit to another, sorted by name.
func (r *Repo) Diff(ctx context.Context, from, to string) ([]File, error) {
	raw, err := r.git(ctx, nil, nil, "diff", "--raw", "-z", "--abbrev=40", "-M", from, to)
	if err != nil {
		return nil, err
	}
	files := parseRaw(raw)
	patch, err := r.git(ctx, nil, nil, "diff", "-M", "--no-color", "--no-ext-diff", from, to)
	if err != nil {
		return nil, err
	}
	// Both list the same files in the same order.
	sections := strings.Split("\n"+string(patch), "\ndiff --git ")[1:]
	if len(sections) != len(files) {
		return nil, fmt.Errorf("git diff printed %d patches of %d files", len(sections), len(files))
	}
	for i, section := range sections {
		_, hunks, ok := strings.Cut(section, "\n@@")
		if !ok {
			continue // binary, or only renamed
		}
		files[i].Patch = "@@" + strings.TrimSuffix(hunks, "\n")
		for line := range strings.Lines(files[i].Patch) {
			switch line[0] {
			case '+':
				files[i].Additions++
			case '-':
				files[i].Deletions++
			}
		}
	}
	return files, nil
}

// parseRaw reads ":oldmode newmode oldsha newsha status NUL path NUL [path NUL]".
func parseRaw(raw []byte) []File {
	var files []File
	fields := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		meta := strings.Fields(fields[i])
		if len(meta) != 5 {
			break
		}
		f := File{Name: fields[i+1], SHA: meta[3], Status: "modified"}
		switch meta[4][0] {
		case 'A':
			f.Status = "added"
		case 'D':
			f.Status, f.SHA = "removed", meta[2]
		case 'R':
			f.Status, f.PreviousName, f.Name = "renamed", fields[i+1], fields[i+2]
			i++
		}
		files = append(files, f)
	}
	return files
}

// Entry is a file, folder, link or submodule in a commit.
type Entry struct {
	Path string
	Mode string
	Type string // "blob", "tree" or "commit"
	SHA  string
	Size int
}

// Entry returns what is at the path; an empty path is the whole tree.
func (r *Repo) Entry(ctx context.Context, commit, path string) (Entry, error) {
	if path == "" {
		return Entry{Type: "tree"}, nil
	}
	entries, err := r.list(ctx, commit, ":(literal)"+path)
	if err != nil {
		return Entry{}, err
	}
	if len(entries) != 1 || entries[0].Path != path {
		return Entry{}, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	return entries[0], nil
}

// List returns what the folder holds.
func (r *Repo) List(ctx context.Context, commit, folder string) ([]Entry, error) {
	if folder == "" {
		return r.list(ctx, commit)
	}
	return r.list(ctx, commit, ":(literal)"+folder+"/")
}

func (r *Repo) list(ctx context.Context, commit string, pathspec ...string) ([]Entry, error) {
	out, err := r.git(ctx, nil, nil, append([]string{"ls-tree", "-z", "-l", commit, "--"}, pathspec...)...)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for record := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		meta, path, ok := strings.Cut(record, "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 4 {
			continue
		}
		size, _ := strconv.Atoi(f[3]) // "-" for folders
		entries = append(entries, Entry{Path: path, Mode: f[0], Type: f[1], SHA: f[2], Size: size})
	}
	return entries, nil
}

// Blob returns the content of a blob.
func (r *Repo) Blob(ctx context.Context, sha string) ([]byte, error) {
	if _, err := hex.DecodeString(sha); err != nil {
		return nil, fmt.Errorf("blob %q: %w", sha, ErrNotFound)
	}
	out, err := r.git(ctx, nil, nil, "cat-file", "blob", sha)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", sha, ErrNotFound)
	}
	return bytes.Clone(out), nil
}

// Changed returns the names of the files that the commit adds, removes and
// modifies, compared with its first parent.
func (r *Repo) Changed(ctx context.Context, sha string) (added, removed, modified []string, err error) {
	added, removed, modified = []string{}, []string{}, []string{}
	out, err := r.git(ctx, nil, nil, "diff-tree", "--root", "-r", "-z", "-m", "--first-parent", "--no-renames", "--no-commit-id", "--name-status", sha)
	if err != nil {
		return nil, nil, nil, err
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		switch fields[i] {
		case "A":
			added = append(added, fields[i+1])
		case "D":
			removed = append(removed, fields[i+1])
		default:
			modified = append(modified, fields[i+1])
		}
	}
	return added, removed, modified, nil
}

// HeadBranch returns the branch that is checked out in the git repository at
// dir, and "" when dir is none.
func HeadBranch(ctx context.Context, dir string) string {
	if dir == "" {
		return ""
	}
	gitDir := filepath.Join(dir, ".git")
	if _, err := os.Stat(gitDir); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "objects")); err != nil {
			return ""
		}
		gitDir = dir // bare
	}
	out, err := (&Repo{Dir: gitDir}).git(ctx, nil, nil, "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
