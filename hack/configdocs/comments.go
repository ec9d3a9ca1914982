// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// module is the path of ours.
const module = "github.com/cutwater-ci/cutwater"

// packages are those whose types are the configuration, with the schema that defines them.
func packages() map[string]string {
	return map[string]string{
		"config":           "config.json",
		"config/jobs":      "jobs.json",
		"apis/prowjobs/v1": "jobs.json",
		"config/plugins":   "plugins.json",
	}
}

// constant is one of the values that a type of strings has.
type constant struct {
	value string
	doc   string
}

// comments are what the source says of types, their fields and their constants.
type comments struct {
	// docs are by package, type, and field if it is of one, with dots between.
	docs map[string]string
	// constants are by package and type.
	constants map[string][]constant
	// keys are those of fields with names that are no ordinary words and stand for one key everywhere.
	keys map[string]string

	goName *regexp.Regexp
}

// readComments reads the packages of the module in a folder.
func readComments(root string) (*comments, error) {
	c := &comments{docs: map[string]string{}, constants: map[string][]constant{}, keys: map[string]string{}, goName: goName()}
	for folder := range packages() {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go"))
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("there is no package %s below %s", folder, root)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			c.readFile(module+"/"+folder, file)
		}
	}
	maps.DeleteFunc(c.keys, func(_, key string) bool { return key == ambiguous })
	return c, nil
}

func (c *comments) readFile(pkg string, file *ast.File) {
	for _, declared := range file.Decls {
		of, ok := declared.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range of.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				name := pkg + "." + spec.Name.Name
				c.docs[name] = prose(spec.Doc)
				if spec.Doc == nil {
					c.docs[name] = prose(of.Doc)
				}
				if is, ok := spec.Type.(*ast.StructType); ok {
					c.readFields(name, is)
				}
			case *ast.ValueSpec:
				c.readConstant(pkg, spec)
			}
		}
	}
}

func (c *comments) readFields(name string, of *ast.StructType) {
	for _, field := range of.Fields.List {
		for _, each := range field.Names {
			c.docs[name+"."+each.Name] = prose(field.Doc)
			c.readKey(each.Name, field.Tag)
		}
	}
}

// ambiguous is in the place of a key where a name stands for several.
const ambiguous = ""

// readKey notes the key of a field with a name such as MaxPodAge.
func (c *comments) readKey(name string, tag *ast.BasicLit) {
	if tag == nil || !strings.ContainsFunc(name[1:], unicode.IsUpper) {
		return
	}
	key, _, _ := strings.Cut(reflect.StructTag(strings.Trim(tag.Value, "`")).Get("json"), ",")
	if known, ok := c.keys[name]; ok && known != key {
		key = ambiguous
	}
	c.keys[name] = key
}

// readConstant notes a constant that has a type of its own and is a string.
func (c *comments) readConstant(pkg string, spec *ast.ValueSpec) {
	name, typed := spec.Type.(*ast.Ident)
	if !typed || len(spec.Values) != 1 {
		return
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return
	}
	// What is said of the constant is said of its value.
	doc := strings.Replace(prose(spec.Doc), spec.Names[0].Name, strconv.Quote(value), 1)
	c.constants[pkg+"."+name.Name] = append(c.constants[pkg+"."+name.Name], constant{value, doc})
}

// ofType is what is said of a type.
func (c *comments) ofType(t reflect.Type) string {
	if documented, ok := reflect.Zero(t).Interface().(swaggered); ok {
		return documented.SwaggerDoc()[""]
	}
	return c.docs[t.PkgPath()+"."+t.Name()]
}

// ofField is what is said of a field of a type, which has a key.
func (c *comments) ofField(t reflect.Type, field, key string) string {
	if documented, ok := reflect.Zero(t).Interface().(swaggered); ok {
		return documented.SwaggerDoc()[key]
	}
	return c.docs[t.PkgPath()+"."+t.Name()+"."+field]
}

// swaggered are Kubernetes' types: they have their comments with them, by key.
type swaggered interface{ SwaggerDoc() map[string]string }

// prose is a comment without what it says to tools, each paragraph one line.
func prose(group *ast.CommentGroup) string {
	var b strings.Builder
	after := "" // what the next line is preceded by
	for line := range strings.Lines(group.Text()) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "+"):
		case line == "":
			after = "\n\n"
		case strings.HasPrefix(line, "\t"):
			b.WriteString(or(after, "\n") + line)
			after = "\n"
		default:
			if b.Len() > 0 {
				b.WriteString(or(after, " "))
			}
			b.WriteString(line)
			after = ""
		}
	}
	return b.String()
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
