// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"reflect"
	"slices"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/config/reload"
)

// Store holds the last good configuration.
type Store = reload.Store[Config]

// NewStore loads the configuration, or returns everything that is wrong with
// it, and follows its files until ctx ends.
func NewStore(ctx context.Context, files Files, o reload.Options) (*Store, error) {
	l := newLoader(files)
	return reload.New(ctx, reload.Source[Config]{
		Name:  "config",
		Paths: append([]string{files.Config, files.Jobs}, files.SupplementalConfigDirs...),
		Load: func(ctx context.Context, paths []string) (*Config, error) {
			l.files.Config, l.files.Jobs, l.files.SupplementalConfigDirs = paths[0], paths[1], paths[2:]
			return l.load(ctx)
		},
		Warnings: func(c *Config) []document.Problem { return slices.Concat(c.Warnings, c.Unread) },
		Options:  o,
	})
}

// loader loads a configuration again and again. What it makes of a job file it
// keeps for as long as the file has the same bytes and the jobs in it depend on
// the same settings and presets. The rest, such as what is wrong with several
// files together, it does anew. Only one goroutine at a time may use it.
//
// Kept jobs are also part of the configurations that were loaded, which are
// immutable: jobs are changed only between being read and being kept.
type loader struct {
	files   Files
	decoder *document.Decoder
	// kept are good job files by their names.
	kept map[string]*jobFile
	// basis is what they were made with.
	basis basis
}

// basis is everything that the jobs in a file depend on, beside the file.
type basis struct {
	settings *Config
	presets  []jobs.Preset
}

func newLoader(files Files) *loader {
	return &loader{files: files, decoder: &document.Decoder{}}
}

// load makes a configuration of what the files say now.
func (l *loader) load(ctx context.Context) (*Config, error) {
	c, err := l.examine(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// examine is load that also returns what is wrong, if it can be read.
func (l *loader) examine(ctx context.Context) (*Config, error) {
	run := &loading{decoder: l.decoder}
	c, own := run.main(l.files)
	names := run.findJobs(l.files.Jobs)
	files := l.readJobs(ctx, names)
	if c != nil {
		now := basisOf(c, own, files)
		if len(l.kept) > 0 && !reflect.DeepEqual(now, l.basis) {
			l.kept = nil
			files = l.readJobs(ctx, names)
			now = basisOf(c, own, files)
		}
		if err := ctx.Err(); err != nil {
			return nil, err // Not all files were read.
		}
		c.Jobs = run.assemble(c, own, files)
		l.keep(files, now)
	}
	for _, file := range files {
		run.errors, run.warnings = append(run.errors, file.errors...), append(run.warnings, file.warnings...)
	}
	if c != nil {
		c.Warnings = run.warnings.Sorted()
	}
	return c, run.errors.Err()
}

// basisOf is what the jobs in files depend on; own is what config.yaml has of a job file.
func basisOf(c *Config, own *jobs.File, files []*jobFile) basis {
	presets := jobs.Presets(contents(own, files))
	for i := range presets {
		presets[i].Source = document.Position{} // Jobs do not depend on where it is written.
	}
	return basis{settings: c.forJobs(), presets: presets}
}

// contents is all that could be read.
func contents(own *jobs.File, files []*jobFile) []*jobs.File {
	all := []*jobs.File{own}
	for _, file := range files {
		if file.jobs != nil {
			all = append(all, file.jobs)
		}
	}
	return all
}

// keep keeps the files that are good, and no others.
func (l *loader) keep(files []*jobFile, made basis) {
	l.kept, l.basis = make(map[string]*jobFile, len(files)), made
	for _, file := range files {
		if !file.bad {
			l.kept[file.name] = file
		}
	}
}
