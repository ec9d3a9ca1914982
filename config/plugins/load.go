// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/reload"
)

// Files names the files of a plugin configuration.
type Files struct {
	// Config is plugins.yaml.
	Config string
	// SupplementalDirs are folders searched for files that end in SupplementalSuffix.
	SupplementalDirs []string
	// SupplementalSuffix is "_pluginconfig.yaml" when empty.
	SupplementalSuffix string
}

const defaultSupplementalSuffix = "_pluginconfig.yaml"

// file is what plugins.yaml may hold.
type file struct {
	Configuration
	Rest
}

// loader reads one configuration.
type loader struct {
	decoder  *document.Decoder
	errors   document.Problems
	warnings document.Problems
}

// Load reads, defaults and validates a configuration. The error is
// document.Problems with everything that is wrong.
func Load(ctx context.Context, files Files) (*Configuration, error) {
	l := &loader{decoder: &document.Decoder{}}
	doc, err := document.Read(files.Config)
	if err != nil {
		l.errors.Add(files.Config, err)
		return nil, l.errors.Err()
	}
	main := l.decode(doc)
	c := &main.Configuration
	c.Rest = main.Rest
	l.unread(c.Rest)
	l.supplement(c, files)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.setDefaults()
	l.errors = append(l.errors, doc.Problems(c.Validate())...)
	if err := l.errors.Err(); err != nil {
		return nil, err
	}
	c.Warnings = l.warnings.Sorted()
	return c, nil
}

// unread warns of the keys that are known, but that no part of the system acts on yet.
func (l *loader) unread(rest Rest) {
	for key, at := range document.Given(rest) {
		l.warnings = append(l.warnings, document.Problem{Position: at.Position(), Path: key, Message: "is known, but nothing acts on it yet"})
	}
}

func (l *loader) decode(doc *document.Document) *file {
	f := &file{}
	result := l.decoder.Decode(doc, f)
	l.errors = append(l.errors, result.Errors...)
	l.warnings = append(l.warnings, result.Warnings...)
	return f
}

// supplement merges in the supplemental files, which may set only some keys.
func (l *loader) supplement(c *Configuration, files Files) {
	suffix := cmp.Or(files.SupplementalSuffix, defaultSupplementalSuffix)
	document.FindEnding(files.SupplementalDirs, suffix, &l.errors, func(doc *document.Document) {
		l.checkSupplement(doc)
		l.merge(c, l.decode(doc), doc)
	})
}

// supplemental are the keys that supplemental files may set.
func supplemental() []string {
	return []string{"approve", "bugzilla", "external_plugins", "label", "lgtm", "plugins", "triggers", "welcome"}
}

func (l *loader) checkSupplement(doc *document.Document) {
	for key, value := range doc.Root().Keys() {
		if !slices.Contains(supplemental(), key) {
			l.misplaced(value, key)
		}
		if key != "label" {
			continue
		}
		for inner, at := range value.Keys() {
			if inner != "restricted_labels" {
				l.misplaced(at, "label."+inner)
			}
		}
	}
}

func (l *loader) misplaced(at document.Node, path string) {
	l.errors = append(l.errors, document.Problem{
		Position: at.Position(), Path: path,
		Message: "may not be in a supplemental file: only " + strings.Join(supplemental(), ", ") + " may",
	})
}

// merge adds a supplemental file. Plugins of an org or repo may be given only once.
func (l *loader) merge(c *Configuration, f *file, doc *document.Document) {
	twice := func(key, of string) {
		path := key + "[" + of + "]"
		l.errors = append(l.errors, document.Problem{Position: doc.Locate(path), Path: path, Message: "is in another file too"})
	}
	for key, plugins := range f.Plugins {
		if _, ok := c.Plugins[key]; ok {
			twice("plugins", key)
			continue
		}
		if c.Plugins == nil {
			c.Plugins = map[string]OrgPlugins{}
		}
		c.Plugins[key] = plugins
	}
	for key, plugins := range f.ExternalPlugins {
		if _, ok := c.ExternalPlugins[key]; ok {
			twice("external_plugins", key)
			continue
		}
		if c.ExternalPlugins == nil {
			c.ExternalPlugins = map[string][]ExternalPlugin{}
		}
		c.ExternalPlugins[key] = plugins
	}
	c.Triggers = append(c.Triggers, f.Triggers...)
	l.unread(f.Rest)
	c.Rest.Supplements = append(c.Rest.Supplements, doc.Root())
}

// Store holds the last good configuration.
type Store = reload.Store[Configuration]

// NewStore loads the configuration, or returns everything that is wrong with
// it, and follows its files until ctx ends. onReload, when not nil, hears of
// every later load: nil, or what is wrong.
func NewStore(ctx context.Context, files Files, onReload func(error)) (*Store, error) {
	return reload.New(ctx, reload.Source[Configuration]{
		Name:     "plugins",
		Paths:    append([]string{files.Config}, files.SupplementalDirs...),
		Load:     func(ctx context.Context) (*Configuration, error) { return Load(ctx, files) },
		Warnings: func(c *Configuration) []document.Problem { return c.Warnings },
		OnReload: onReload,
	})
}
