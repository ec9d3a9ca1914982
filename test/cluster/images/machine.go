// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// WithGit is the image with this machine's git, ssh and shell in it.
func WithGit(ctx context.Context, i Image) (Image, error) {
	gitCore, err := exec.CommandContext(ctx, "git", "--exec-path").Output()
	if err != nil {
		return Image{}, fmt.Errorf("finding git's programs: %w", err)
	}
	if i, err = WithShell(ctx, i); err != nil {
		return Image{}, err
	}
	if err := i.addPrograms(ctx, "git", "ssh"); err != nil {
		return Image{}, err
	}
	for _, dir := range []string{strings.TrimSpace(string(gitCore)), "/usr/share/git-core/templates"} {
		if err := i.addFolder(ctx, dir); err != nil {
			return Image{}, err
		}
	}
	return i, nil
}

// WithShell is the image with this machine's shell and the programs that scripts
// use.
func WithShell(ctx context.Context, i Image) (Image, error) {
	i.Files["/bin"] = File{Link: "usr/bin"}
	return i, i.addPrograms(ctx, "sh", "env", "cat", "cp", "cut", "date", "dirname", "basename", "echo", "false", "find", "grep", "head", "id",
		"kill", "ln", "ls", "mkdir", "mktemp", "mv", "printf", "pwd", "rm", "sed", "seq", "sleep", "sort", "tail", "tee", "test", "timeout",
		"touch", "tr", "true", "uname", "wc", "xargs")
}

// addPrograms copies programs of this machine to /usr/bin, with their libraries.
func (i Image) addPrograms(ctx context.Context, names ...string) error {
	var found []string
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			// Some are built into the shell alone on some machines.
			if path, err = exec.LookPath("/bin/" + name); err != nil {
				return err
			}
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
		i.Files["/usr/bin/"+name] = File{From: path}
		found = append(found, path)
	}
	return i.addLibraries(ctx, found)
}

// addFolder copies a folder of programs to where it is on this machine.
func (i Image) addFolder(ctx context.Context, dir string) error {
	var programs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			i.Files[path] = File{Link: target}
			return err
		}
		i.Files[path] = File{From: path}
		programs = append(programs, path)
		return nil
	})
	if err != nil {
		return err
	}
	return i.addLibraries(ctx, programs)
}

// library is a line of ldd: "libz.so.1 => /lib/libz.so.1 (0x7f…)", or the
// program's interpreter without the arrow.
func library() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^\s+(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$`)
}

// addLibraries copies the shared libraries of the programs to where the
// programs look for them.
func (i Image) addLibraries(ctx context.Context, programs []string) error {
	for _, path := range programs {
		linked, err := isLinked(path)
		if err != nil {
			return err
		}
		if !linked {
			continue
		}
		said, err := exec.CommandContext(ctx, "ldd", path).Output()
		if err != nil {
			return fmt.Errorf("the libraries of %s: %w", path, err)
		}
		for _, match := range library().FindAllStringSubmatch(string(said), -1) {
			i.Files[match[1]] = File{From: match[1]}
		}
	}
	return nil
}
