// SPDX-License-Identifier: Apache-2.0

package house

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	maxFileLines = 400
	maxMainLines = 60
	maxFuncLines = 60
)

// Every file says its licence first.
func TestLicence(t *testing.T) {
	for _, s := range sources(t) {
		if !strings.HasPrefix(string(s.text), "// SPDX-License-Identifier: Apache-2.0\n") && !strings.HasPrefix(string(s.text), "// Code generated") {
			t.Errorf("%s does not begin with the licence line", s.path)
		}
	}
}

// Every package says what it is.
func TestPackageComments(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		seen[s.dir()] = true
		if s.file.Doc != nil {
			want := "Package " + s.file.Name.Name + " "
			if s.file.Name.Name == "main" { // a command's comment begins with its name
				name := path.Base(s.dir())
				want = strings.ToUpper(name[:1]) + name[1:] + " "
			}
			if text := s.file.Doc.Text(); !strings.HasPrefix(text, want) {
				t.Errorf("%s: the package comment does not begin with %q", s.path, want)
			}
			documented[s.dir()] = true
		}
	}
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("package %s has no comment", dir)
		}
	}
}

// A folder is a role and a package a noun: names that fit everything say nothing.
func TestPackageNames(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "helper", "types", "misc", "shared", "base"}
	for _, s := range sources(t) {
		if name := strings.TrimSuffix(s.file.Name.Name, "_test"); slices.Contains(vague, name) {
			t.Errorf("%s: package %s says nothing", s.path, name)
		}
	}
}

// A file is one idea, a function fits a screen, and main is a sentence.
func TestLengths(t *testing.T) {
	for _, s := range sources(t) {
		limit := maxFileLines
		if s.file.Name.Name == "main" && strings.HasPrefix(s.path, "cmd/") {
			limit = maxMainLines
			if path.Base(s.path) != "main.go" {
				t.Errorf("%s: package main holds main.go alone", s.path)
			}
		}
		if s.lines > limit {
			t.Errorf("%s has %d lines, more than %d", s.path, s.lines, limit)
		}
		if s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; lines > maxFuncLines {
					t.Errorf("%s: %s has %d lines, more than %d", s.path, f.Name.Name, lines, maxFuncLines)
				}
			}
		}
	}
}

// Nothing happens by importing a package, and nothing sleeps.
func TestNoInitNoSleep(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s has an init function", s.path)
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name == "Sleep" {
					t.Errorf("%s:%d sleeps", s.path, s.fset.Position(n.Pos()).Line)
				}
			}
			return true
		})
	}
}

// Work that is left for later is in an issue, not in the code.
func TestNoMarks(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	for _, s := range sources(t) {
		for _, group := range s.file.Comments {
			for _, mark := range marks {
				if strings.Contains(group.Text(), mark) {
					t.Errorf("%s:%d: %s", s.path, s.fset.Position(group.Pos()).Line, mark)
				}
			}
		}
	}
}
