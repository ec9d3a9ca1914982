// SPDX-License-Identifier: Apache-2.0

package bare

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Change is a commit to be made on a branch.
type Change struct {
	Ref     string // refs/heads/...
	Parent  string // SHA; empty for a first commit
	Author  Person
	Message string
	At      time.Time
	Files   map[string]string // content by path; "#!" makes a file executable
	Remove  []string
}

// Commit makes the commit and returns its SHA.
func (r *Repo) Commit(ctx context.Context, c Change) (string, error) {
	var b bytes.Buffer
	person := fmt.Sprintf("%s <%s> %d +0000", c.Author.Name, c.Author.Email, c.At.Unix())
	fmt.Fprintf(&b, "commit %s\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\n", c.Ref, person, person, len(c.Message), c.Message)
	if c.Parent != "" {
		fmt.Fprintf(&b, "from %s\n", c.Parent)
	}
	for _, name := range c.Remove {
		fmt.Fprintf(&b, "D %s\n", quote(name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		mode, content := "100644", c.Files[name]
		if strings.HasPrefix(content, "#!") {
			mode = "100755"
		}
		fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, quote(name), len(content), content)
	}
	fmt.Fprint(&b, "\nget-mark :1\ndone\n")
	out, err := r.git(ctx, nil, &b, "fast-import", "--quiet", "--force", "--done", "--date-format=raw")
	if err != nil {
		return "", fmt.Errorf("committing to %s: %w", c.Ref, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// quote returns the path as fast-import reads any path.
func quote(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path.Clean(name)) + `"`
}

// Files reads a folder, without .git, as the content of a first commit.
func Files(dir string) (map[string]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }()
	files := map[string]string{}
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := root.ReadFile(name)
		files[name] = string(content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	return files, nil
}
