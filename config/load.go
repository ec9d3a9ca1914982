// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/config/reload"
)

// mainFile is what config.yaml may hold.
type mainFile struct {
	Config
	jobs.File
}

// loader reads one configuration.
type loader struct {
	decoder  *document.Decoder
	errors   document.Problems
	warnings document.Problems
}

// Load reads, defaults and validates a configuration. The error is
// document.Problems with everything that is wrong.
func Load(ctx context.Context, files Files) (*Config, error) {
	c, err := Examine(ctx, files)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Examine is Load for who looks at a configuration and does not use it: beside
// the error it returns what could be read, unless config.yaml is not YAML.
func Examine(ctx context.Context, files Files) (*Config, error) {
	l := &loader{decoder: &document.Decoder{}}
	jobFiles := l.findJobs(files.Jobs)
	parsed := l.readJobs(ctx, jobFiles)

	main := &mainFile{}
	doc, err := document.Read(files.Config)
	if err != nil {
		l.errors.Add(files.Config, err)
		return nil, l.errors.Err()
	}
	l.take(l.decoder.DecodeNode(doc.Root(), main))
	c := &main.Config
	c.noteUnread(doc)
	c.setDefaults()
	l.invalid(doc, c.Validate(time.Now()))
	l.supplement(c, files)
	c.Tide.Queries = unite(c.Tide.Queries, func(orgRepo string) string { return c.DefaultProwJobDefault(orgRepo, "*").TenantID })
	l.version(c, files.Config)
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	all := append([]*jobs.File{&main.File}, parsed...)
	l.invalidJobs(jobs.Finish(all, jobs.Presets(all), c.jobSettings(main.DecorateAllJobs)))
	var together []jobs.Invalid
	c.Jobs, together = jobs.Assemble(all)
	l.invalidJobs(together)
	c.Warnings = l.warnings.Sorted()
	return c, l.errors.Err()
}

// jobSettings is what the configuration means for jobs.
func (c *Config) jobSettings(decorateAll bool) jobs.Settings {
	c.decorateAll = decorateAll
	return jobs.Settings{
		PodNamespace:   c.PodNamespace,
		DecorateAll:    decorateAll,
		Decoration:     c.Plank.DefaultDecoration,
		ProwJobDefault: c.DefaultProwJobDefault,
		Queues:         c.Plank.JobQueueCapacities,
	}
}

// WithInRepo is the static jobs of a repo followed by those that it brings,
// defaulted and validated together. The file is not changed.
func (c *Config) WithInRepo(orgRepo string, file *jobs.InRepoFile) ([]jobs.Presubmit, []jobs.Postsubmit, error) {
	allowed := func(cluster string) bool { return c.InRepoAllowsCluster(orgRepo, cluster) }
	presubmits, postsubmits, invalid := c.Jobs.WithInRepo(orgRepo, file, c.jobSettings(c.decorateAll), allowed)
	var problems document.Problems
	for _, each := range invalid { // There are no warnings about jobs in a repository.
		problems = append(problems, each.Problem())
	}
	return presubmits, postsubmits, problems.Err()
}

func (l *loader) take(r document.Result) {
	l.errors = append(l.errors, r.Errors...)
	l.warnings = append(l.warnings, r.Warnings...)
}

// invalid adds what validation of a document found, at its places. Of what
// could not be read there is no more to say.
func (l *loader) invalid(doc *document.Document, errs *apis.FieldError) {
	told := map[string]bool{}
	for _, problem := range l.errors {
		told[problem.File+plainPath(problem.Path)] = true
	}
	for _, problem := range doc.Problems(errs.Filter(apis.ErrorLevel)) {
		if !told[problem.File+plainPath(problem.Path)] {
			l.errors = append(l.errors, problem)
		}
	}
	l.warnings = append(l.warnings, doc.Problems(errs.Filter(apis.WarningLevel))...)
}

// plainPath is a path with dots alone, since some write a[b] and some a.b.
func plainPath(path string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(path)
}

// invalidJobs adds what is wrong with jobs. Their files are read again for the
// places, since good configurations shall not pay for keeping them.
func (l *loader) invalidJobs(invalid []jobs.Invalid) {
	docs := map[string]*document.Document{}
	for _, each := range invalid {
		if each.Again {
			continue
		}
		problem := each.Problem()
		doc, read := docs[problem.File]
		if !read {
			doc, _ = document.Read(problem.File)
			docs[problem.File] = doc
		}
		if doc != nil {
			problem.Position, problem.Path = doc.LocateBelow(problem.Position, problem.Path)
		}
		if each.Warning {
			l.warnings = append(l.warnings, problem)
		} else {
			l.errors = append(l.errors, problem)
		}
	}
}

// version reads the file beside config.yaml that says which version it is.
func (l *loader) version(c *Config, file string) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "VERSION"))
	switch {
	case err == nil:
		c.Version = strings.TrimSpace(string(text))
	case !errors.Is(err, fs.ErrNotExist):
		l.errors.Add(file, err)
	}
}

// Store holds the last good configuration.
type Store = reload.Store[Config]

// NewStore loads the configuration, or returns everything that is wrong with
// it, and follows its files until ctx ends. onReload, when not nil, hears of
// every later load: nil, or what is wrong.
func NewStore(ctx context.Context, files Files, onReload func(error)) (*Store, error) {
	return reload.New(ctx, reload.Source[Config]{
		Name:     "config",
		Paths:    append([]string{files.Config, files.Jobs}, files.SupplementalConfigDirs...),
		Load:     func(ctx context.Context) (*Config, error) { return Load(ctx, files) },
		Warnings: func(c *Config) []document.Problem { return slices.Concat(c.Warnings, c.Unread) },
		OnReload: onReload,
	})
}
