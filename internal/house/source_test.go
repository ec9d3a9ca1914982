// SPDX-License-Identifier: Apache-2.0

package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module is the path of the module; root is its folder, seen from here.
const (
	module = "github.com/cutwater-ci/cutwater"
	root   = "../.."
)

// source is a parsed Go file of ours.
type source struct {
	path  string // from the root
	lines int
	test  bool
	text  []byte
	file  *ast.File
	fset  *token.FileSet
}

// dir is the file's folder from the root, which is its package's path.
func (s source) dir() string { return filepath.ToSlash(filepath.Dir(s.path)) }

// sources reads every Go file that people wrote.
func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); rel != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || filepath.ToSlash(rel) == "internal/client") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasPrefix(entry.Name(), "zz_generated") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		found = append(found, source{
			path: filepath.ToSlash(rel), lines: bytes.Count(text, []byte("\n")),
			test: strings.HasSuffix(path, "_test.go"), text: text, file: file, fset: fset,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("found only %d Go files below %s; the rules would check nothing", len(found), root)
	}
	return found
}
