// SPDX-License-Identifier: Apache-2.0

// Configdocs writes, from the Go types of the configuration and their
// comments, docs/config.md and the JSON Schemas in docs/schema: what every key
// means, for people and for editors.
//
// It follows config/document in what a type may be written as: every value may
// be null, some structs may be scalars or lists, and an embedded struct's keys
// are those of the one around it. Libraries that make schemas of Go types know
// nothing of that, and the schema would refuse good files; so there is none.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/config/plugins"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: configdocs ROOT DOCS")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// document is a kind of file that people write.
type document struct {
	// schema is the name of its schema.
	schema string
	// title is what the file is called.
	title string
	// intro says what it is.
	intro string
	// is its Go type.
	is reflect.Type
}

// mainFile is config.yaml, which may hold jobs, too.
type mainFile struct {
	config.Config
	jobs.File
}

func all() []document {
	return []document{
		{
			"jobs.json", "Job files",
			"The files below the folder of jobs. config.yaml may have these keys, too.",
			reflect.TypeFor[jobs.File](),
		},
		{
			"prow.json", ".prow.yaml",
			"The file `.prow.yaml`, and the files below `.prow/`, in a repository that may bring its own jobs.",
			reflect.TypeFor[jobs.InRepoFile](),
		},
		{
			"config.json", "config.yaml",
			"The main file. Supplemental files (`*_prowconfig.yaml`) have the same keys, but may set only `branch-protection`, `slack_reporter_configs`, `tide.merge_method` and `tide.queries`.",
			reflect.TypeFor[mainFile](),
		},
		{
			"plugins.json", "plugins.yaml",
			"Which plugins act where. Supplemental files (`*_pluginconfig.yaml`) have the same keys, but may set only `approve`, `bugzilla`, `external_plugins`, `label.restricted_labels`, `lgtm`, `plugins`, `triggers` and `welcome`.",
			reflect.TypeFor[plugins.Configuration](),
		},
	}
}

// write generates everything from the module in the folder root, into the folder docs.
func write(root, docs string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(docs, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the generated files by their names below docs.
func generate(root string) (map[string][]byte, error) {
	comments, err := readComments(root)
	if err != nil {
		return nil, err
	}
	b := newBuilder(comments)
	for _, d := range all() {
		b.add(d)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	introduction, err := os.ReadFile(filepath.Join(root, "hack", "configdocs", "introduction.md"))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"config.md": page(b, introduction)}
	for name, s := range b.schemas {
		if files["schema/"+name], err = s.file(); err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return files, nil
}
