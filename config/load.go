// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"knative.dev/pkg/apis"

	"github.com/cutwater-ci/cutwater/config/document"
	"github.com/cutwater-ci/cutwater/config/jobs"
)

// mainFile is what config.yaml may hold.
type mainFile struct {
	Config
	jobs.File
}

// Load reads, defaults and validates a configuration. The error is
// document.Problems with everything that is wrong.
func Load(ctx context.Context, files Files) (*Config, error) {
	return newLoader(files).load(ctx)
}

// Examine is Load for who looks at a configuration and does not use it: beside
// the error it returns what could be read, unless config.yaml is not YAML.
func Examine(ctx context.Context, files Files) (*Config, error) {
	return newLoader(files).examine(ctx)
}

// loading is one load.
type loading struct {
	decoder  *document.Decoder
	errors   document.Problems
	warnings document.Problems
}

// main reads config.yaml and what is beside it; both results are nil when that cannot be read.
func (l *loading) main(files Files) (*Config, *jobs.File) {
	main := &mainFile{}
	doc, err := document.Read(files.Config)
	if err != nil {
		l.errors.Add(files.Config, err)
		return nil, nil
	}
	l.take(l.decoder.DecodeNode(doc.Root(), main))
	c := &main.Config
	c.decorateAll = main.DecorateAllJobs
	c.noteUnread(doc)
	c.setDefaults()
	l.invalid(doc, c.Validate(time.Now()))
	l.supplement(c, files)
	c.Tide.Queries = unite(c.Tide.Queries, func(orgRepo string) string { return c.DefaultProwJobDefault(orgRepo, "*").TenantID })
	l.version(c, files.Config)
	return c, &main.File
}

// forJobs is what of a configuration the defaults and the validation of jobs depend on.
func (c *Config) forJobs() *Config {
	return &Config{
		PodNamespace: c.PodNamespace, ProwJobDefaultEntries: c.ProwJobDefaultEntries, decorateAll: c.decorateAll,
		Plank: Plank{decorations: c.Plank.decorations, JobQueueCapacities: c.Plank.JobQueueCapacities},
	}
}

// jobSettings is what the configuration means for jobs.
func (c *Config) jobSettings() jobs.Settings {
	c = c.forJobs() // So that nothing else can matter.
	return jobs.Settings{
		PodNamespace:   c.PodNamespace,
		DecorateAll:    c.decorateAll,
		Decoration:     c.Plank.DefaultDecoration,
		ProwJobDefault: c.DefaultProwJobDefault,
		Queues:         c.Plank.JobQueueCapacities,
	}
}

// WithInRepo is the static jobs of a repo followed by those that it brings,
// defaulted and validated together. The file is not changed.
func (c *Config) WithInRepo(orgRepo string, file *jobs.InRepoFile) ([]jobs.Presubmit, []jobs.Postsubmit, error) {
	allowed := func(cluster string) bool { return c.InRepoAllowsCluster(orgRepo, cluster) }
	presubmits, postsubmits, invalid := c.Jobs.WithInRepo(orgRepo, file, c.jobSettings(), allowed)
	var problems document.Problems
	for _, each := range invalid { // There are no warnings about jobs in a repository.
		problems = append(problems, each.Problem())
	}
	return presubmits, postsubmits, problems.Err()
}

func (l *loading) take(r document.Result) {
	l.errors = append(l.errors, r.Errors...)
	l.warnings = append(l.warnings, r.Warnings...)
}

// invalid adds what validation of a document found, at its places. Of what
// could not be read there is no more to say.
func (l *loading) invalid(doc *document.Document, errs *apis.FieldError) {
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

// version reads the file beside config.yaml that says which version it is.
func (l *loading) version(c *Config, file string) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "VERSION"))
	switch {
	case err == nil:
		c.Version = strings.TrimSpace(string(text))
	case !errors.Is(err, fs.ErrNotExist):
		l.errors.Add(file, err)
	}
}
