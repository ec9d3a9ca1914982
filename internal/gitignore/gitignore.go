// SPDX-License-Identifier: Apache-2.0

// Package gitignore reads files in the syntax of .gitignore, such as
// .prowignore, and says which paths they leave out. The rules are those of
// https://git-scm.com/docs/gitignore. It changes nothing.
package gitignore

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Rules are the files of this kind in a tree. The zero value leaves nothing out.
type Rules struct{ files []file }

// file is one file's patterns, which hold below its folder.
type file struct {
	folder   string // "" is the root
	patterns []pattern
}

type pattern struct {
	match       *regexp.Regexp // against the path below the file's folder
	negated     bool
	foldersOnly bool
}

// Add reads the file at the path, which is relative to the tree's root, with
// slashes. A pattern that makes no sense matches nothing, as in git.
func (r *Rules) Add(name, text string) {
	f := file{folder: folderOf(name)}
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if p, ok := parsePattern(strings.TrimSuffix(line, "\r")); ok {
			f.patterns = append(f.patterns, p)
		}
	}
	r.files = append(r.files, f)
	// The deepest folder has the last word.
	slices.SortStableFunc(r.files, func(a, b file) int { return len(b.folder) - len(a.folder) })
}

func folderOf(name string) string {
	if folder := path.Dir(name); folder != "." {
		return folder
	}
	return ""
}

// Ignores reports whether the file at the path, or a folder that it is in, is left out.
func (r *Rules) Ignores(name string) bool {
	for i, c := range name {
		if c == '/' && r.leavesOut(name[:i], true) {
			return true
		}
	}
	return r.leavesOut(name, false)
}

// leavesOut is the last pattern's verdict on a path alone.
func (r *Rules) leavesOut(name string, folder bool) bool {
	for _, f := range r.files {
		below := name
		if f.folder != "" {
			var inside bool
			if below, inside = strings.CutPrefix(name, f.folder+"/"); !inside {
				continue
			}
		}
		for _, p := range slices.Backward(f.patterns) {
			if (folder || !p.foldersOnly) && p.match.MatchString(below) {
				return !p.negated
			}
		}
	}
	return false
}

// parsePattern reads a line; ok is false where it has no pattern.
func parsePattern(line string) (p pattern, ok bool) {
	line = trimSpaces(line)
	if line == "" || line[0] == '#' {
		return p, false
	}
	if line[0] == '!' {
		p.negated = true
		line = line[1:]
	}
	line, p.foldersOnly = strings.CutSuffix(line, "/")
	if line == "" {
		return p, false
	}
	// A slash at the beginning or in the middle ties the pattern to the file's folder.
	if !strings.Contains(line, "/") {
		line = "**/" + line
	}
	match, err := regexp.Compile(translate(strings.TrimPrefix(line, "/")))
	p.match = match
	return p, err == nil
}

// trimSpaces removes spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	return line
}

// translate makes a regular expression of a pattern.
func translate(glob string) string {
	var b strings.Builder
	b.WriteString(`\A`)
	for i := 0; i < len(glob); {
		rest := glob[i:]
		atStart := i == 0 || glob[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:.*/)?`)
			i += len("**/")
		case atStart && rest == "**":
			b.WriteString(`.*`)
			i += len("**")
		case rest[0] == '*':
			b.WriteString(`[^/]*`)
			i++
		case rest[0] == '?':
			b.WriteString(`[^/]`)
			i++
		case rest[0] == '[':
			class, n := bracket(rest)
			b.WriteString(class)
			i += n
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default: // the bytes of a longer character come together again in b
			b.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	return `(?s)` + b.String() + `\z`
}

// bracket translates a class such as [a-z] or [!x] and says how long it is; an
// unfinished one is a plain bracket.
func bracket(rest string) (class string, length int) {
	end := 1
	if end < len(rest) && (rest[end] == '!' || rest[end] == '^') {
		end++
	}
	if end < len(rest) && rest[end] == ']' {
		end++
	}
	for end < len(rest) && rest[end] != ']' {
		end++
	}
	if end >= len(rest) {
		return `\[`, 1
	}
	body := rest[1:end]
	negation := ""
	if body[0] == '!' || body[0] == '^' {
		negation = `^/`
		body = body[1:]
	}
	body = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(body)
	return `[` + negation + body + `]`, end + 1
}
