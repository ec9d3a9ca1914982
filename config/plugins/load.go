// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"context"
	"slices"

	"knative.dev/pkg/apis"

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

// loader reads one configuration.
type loader struct {
	decoder  *document.Decoder
	main     *document.Document
	origins  origins
	names    *names
	errors   document.Problems
	warnings document.Problems
	notices  document.Problems
}

// Load reads, defaults and validates a configuration. The error is
// document.Problems with everything that is wrong.
func Load(ctx context.Context, files Files) (*Configuration, error) {
	l := &loader{decoder: &document.Decoder{}, origins: origins{}, names: newNames()}
	var err error
	if l.main, err = document.Read(files.Config); err != nil {
		l.errors.Add(files.Config, err)
		return nil, l.errors.Err()
	}
	c := l.decode(l.main)
	l.supplement(c, files)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.setDefaults()
	l.invalid(c.Validate())
	if err := l.errors.Err(); err != nil {
		return nil, err
	}
	c.ConfigUpdater.resolve()
	c.Unknown = l.names.unknown.Sorted()
	c.Warnings = l.warnings.Sorted()
	c.Notices = append(l.notices, l.names.notices()...).Sorted()
	return c, nil
}

func (l *loader) decode(doc *document.Document) *Configuration {
	c := &Configuration{}
	result := l.decoder.Decode(doc, c)
	l.errors = append(l.errors, result.Errors...)
	l.warnings = append(l.warnings, result.Warnings...)
	l.enabled(doc, c)
	return c
}

func (l *loader) problem(into *document.Problems, doc *document.Document, path, message string) {
	*into = append(*into, document.Problem{Position: doc.Locate(path), Path: path, Message: message})
}

// invalid adds what validation found, at its places in whichever files they
// are. It says nothing of lines that could not be read.
func (l *loader) invalid(errs *apis.FieldError) {
	unread := l.errors
	add := func(into *document.Problems, level apis.DiagnosticLevel) {
		for path, message := range document.FieldErrors(errs.Filter(level)) {
			doc, own := l.origins.of(l.main, path)
			at := doc.Locate(own)
			here := func(p document.Problem) bool { return p.File == at.File && p.Line == at.Line }
			if !slices.ContainsFunc(unread, here) {
				*into = append(*into, document.Problem{Position: at, Path: own, Message: message})
			}
		}
	}
	add(&l.errors, apis.ErrorLevel)
	add(&l.notices, apis.WarningLevel)
}

// Store holds the last good configuration.
type Store = reload.Store[Configuration]

// NewStore loads the configuration, or returns everything that is wrong with
// it, and follows its files until ctx ends.
func NewStore(ctx context.Context, files Files, o reload.Options) (*Store, error) {
	return reload.New(ctx, reload.Source[Configuration]{
		Name:  "plugins",
		Paths: append([]string{files.Config}, files.SupplementalDirs...),
		Load: func(ctx context.Context, paths []string) (*Configuration, error) {
			files.Config, files.SupplementalDirs = paths[0], paths[1:]
			return Load(ctx, files)
		},
		Warnings: (*Configuration).Odd,
		Options:  o,
	})
}
