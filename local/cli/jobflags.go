// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/makejob"
	triggers "github.com/cutwater-ci/cutwater/triggers/jobs"
)

// jobFlags say which job is meant and what it runs on, with Prow's names where
// Prow has them.
type jobFlags struct {
	files   config.Files
	query   makejob.Query
	kind    string
	repoDir string
	// own are the jobs that a repository brings, once they were read.
	own own

	code    makejob.Code
	numbers []int
	shas    []string
	authors []string
	heads   []string
	titles  []string

	name, eventGUID string
	github          github.Environment
}

// gitHubFlags make values come from GitHub when any of them is given.
func gitHubFlags() []string {
	return []string{"github-endpoint", "github-host", "github-token-path", "github-app-id", "github-app-private-key-path"}
}

func (f *jobFlags) addTo(cmd *cobra.Command) {
	addConfigFlags(cmd, &f.files)
	flags := cmd.Flags()
	flags.StringVar(&f.query.Name, "job", "", "the job's name, in place of NAME")
	flags.StringVar(&f.query.Repo, "repo", "", "the job's ORG/REPO, where the name is of several, or the job is in .prow.yaml")
	flags.StringVar(&f.repoDir, "repo-dir", "", "a checkout of that repository, whose .prow or .prow.yaml counts as it is, committed or not")
	flags.StringVar(&f.kind, "type", "", "the job's type, where the name is of several: presubmit, postsubmit or periodic; or batch, which runs a presubmit as tide does")
	flags.StringVar(&f.code.BaseRef, "base-ref", "", "the branch")
	flags.StringVar(&f.code.BaseSHA, "base-sha", "", "the commit of the branch")
	flags.StringVar(&f.code.BaseLink, "base-link", "", "a page that shows what a postsubmit tests (default: that of the commit)")
	flags.IntSliceVar(&f.numbers, "pull-number", nil, "the pull request; a batch repeats this and the other --pull flags, in one order")
	flags.StringSliceVar(&f.shas, "pull-sha", nil, "its head commit")
	flags.StringSliceVar(&f.authors, "pull-author", nil, "the login of its author")
	flags.StringSliceVar(&f.heads, "pull-head-ref", nil, "its branch (may be left out)")
	flags.StringArrayVar(&f.titles, "pull-title", nil, "its title (may be left out)")
	flags.StringVar(&f.name, "name", "", "the ProwJob's name (default: a new one)")
	flags.StringVar(&f.eventGUID, "event-guid", "", "the webhook that is said to start the job; adds the labels that hook gives")
	flags.StringVar(&f.github.Endpoint, "github-endpoint", "", "GitHub's REST API (default: https://api.github.com)")
	flags.StringVar(&f.github.Host, "github-host", "", "where GitHub's web pages are (default: github.com)")
	flags.StringVar(&f.github.TokenPath, "github-token-path", "", "a file with a token for GitHub")
	flags.Int64Var(&f.github.AppID, "github-app-id", 0, "a GitHub App, in place of a token")
	flags.StringVar(&f.github.AppPrivateKeyPath, "github-app-private-key-path", "", "the App's private key")

	types := []cobra.Completion{"presubmit", "postsubmit", "periodic", "batch"}
	must(cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(types, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.MarkFlagDirname("repo-dir"))
	must(cmd.RegisterFlagCompletionFunc("repo", f.completeRepos))
	must(cmd.RegisterFlagCompletionFunc("job", f.completeJobs))
	cmd.ValidArgsFunction = f.completeJobs
}

// addConfigFlags adds the flags that name a configuration.
func addConfigFlags(cmd *cobra.Command, files *config.Files) {
	flags := cmd.Flags()
	flags.StringVar(&files.Config, "config", "", "Prow's config.yaml")
	flags.StringVar(&files.Jobs, "jobs", "", "Prow's job file or folder")
	flags.StringArrayVar(&files.SupplementalConfigDirs, "supplemental-prow-config-dir", nil, "a folder with more of config.yaml, in files that end in _prowconfig.yaml; may be repeated")
	flags.StringVar(&files.Config, "config-path", "", "Prow's name of --config")
	flags.StringVar(&files.Jobs, "job-config-path", "", "Prow's name of --jobs")
	for _, name := range []string{"config-path", "job-config-path"} {
		must(flags.MarkHidden(name))
	}
	must(cmd.MarkFlagFilename("config", "yaml", "yml"))
	must(cmd.MarkFlagDirname("supplemental-prow-config-dir"))
}

// prowJob makes the ProwJob that the command line describes.
func (f *jobFlags) prowJob(cmd *cobra.Command, args []string, now clock) (*prowv1.ProwJob, error) {
	c, job, web, err := f.choose(cmd, args)
	if err != nil {
		return nil, err
	}
	pj, err := f.create(c, job, web, now)
	if err == nil && !job.CouldRun(f.code.BaseRef) {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: by itself, %s does not run on the branch %s\n", job.Base().Name, f.code.BaseRef)
	}
	return pj, err
}

// choose finds the job, and completes the code that it runs on. web is the root
// of GitHub's pages.
func (f *jobFlags) choose(cmd *cobra.Command, args []string) (c *config.Config, job jobs.Any, web string, err error) {
	ctx := cmd.Context()
	if err := f.parse(args); err != nil {
		return nil, job, "", err
	}
	if c, err = f.load(ctx); err != nil {
		return nil, job, "", err
	}
	gh, err := github.New(ctx, f.github.Options())
	if err != nil {
		return nil, job, "", err
	}
	found, err := f.find(c)
	if f.live(cmd) {
		found, err = f.findLive(cmd, c, gh, found, err)
	}
	if err != nil {
		return nil, job, "", f.advise(c, err)
	}
	job, err = makejob.Choose(found, f.code.BaseRef)
	return c, job, gh.WebURL(), err
}

// find finds the jobs that may be meant.
func (f *jobFlags) find(c *config.Config) ([]jobs.Any, error) {
	all, err := f.own.jobs(c)
	if err != nil {
		return nil, err
	}
	return makejob.Find(all, f.query)
}

// findLive completes the code from GitHub, and reads the repository's own jobs
// there where none is known for the branch. found and err are what find says.
func (f *jobFlags) findLive(cmd *cobra.Command, c *config.Config, gh *github.Client, found []jobs.Any, err error) ([]jobs.Any, error) {
	ctx, repo := cmd.Context(), f.query.Repo
	mayBring := repo != "" && c.InRepoEnabled(repo) && f.own.file == nil
	switch {
	case err == nil:
		repo = found[0].Repo
	case !isNotFound(err) || !mayBring:
		return nil, err
	}
	if err := f.code.Complete(ctx, gh, repo); err != nil {
		return nil, err
	}
	if !mayBring || slices.ContainsFunc(found, func(j jobs.Any) bool { return j.CouldRun(f.code.BaseRef) }) {
		return found, nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "note: reading the jobs that %s brings from GitHub\n", repo)
	var brought own
	if brought, err = fromGitHub(ctx, gh, repo, f.code); err != nil {
		return nil, err
	}
	f.own = brought
	return f.find(c)
}

// advise says of a job that is not found where it may be.
func (f *jobFlags) advise(c *config.Config, err error) error {
	repo := f.query.Repo
	switch {
	case !isNotFound(err) || repo == "" || f.own.file != nil:
		return err
	case !c.InRepoEnabled(repo):
		return errors.Join(err, enabled(c, repo))
	}
	return errors.Join(err, fmt.Errorf("where it is in .prow.yaml of %s, give --repo-dir or a --github flag", repo))
}

func isNotFound(err error) bool {
	var notFound *makejob.NotFoundError
	return errors.As(err, &notFound)
}

// create makes the ProwJob of a job; web is the root of the pages that it links to.
func (f *jobFlags) create(c *config.Config, job jobs.Any, web string, now clock) (*prowv1.ProwJob, error) {
	return makejob.ProwJob(job, f.code, f.query.Type == prowv1.BatchJob, web, triggers.Options{
		Name: cmp.Or(f.name, uuid.NewString()), Namespace: c.ProwJobNamespace, EventGUID: f.eventGUID,
		Now: now(), Scheduling: c.Scheduler.Enabled,
	})
}

// parse puts what was given in several flags together.
func (f *jobFlags) parse(args []string) error {
	if len(args) > 0 {
		if f.query.Name != "" && f.query.Name != args[0] {
			return fmt.Errorf("--job %s and %s are two jobs; give one", f.query.Name, args[0])
		}
		f.query.Name = args[0]
	}
	if f.query.Name == "" {
		return errors.New("which job? give its name")
	}
	f.query.Type = prowv1.ProwJobType(f.kind)
	pulls := max(len(f.numbers), len(f.shas), len(f.authors), len(f.heads), len(f.titles))
	for _, given := range []struct {
		flag string
		n    int
	}{
		{"--pull-number", len(f.numbers)},
		{"--pull-sha", len(f.shas)},
		{"--pull-author", len(f.authors)},
		{"--pull-head-ref", len(f.heads)},
		{"--pull-title", len(f.titles)},
	} {
		if given.n != 0 && given.n != pulls {
			return fmt.Errorf("there are %d pull requests, and %s is given for %d", pulls, given.flag, given.n)
		}
	}
	f.code.Pulls = make([]makejob.Pull, pulls)
	for i := range f.code.Pulls {
		f.code.Pulls[i] = makejob.Pull{
			Number: at(f.numbers, i), SHA: at(f.shas, i), Author: at(f.authors, i), HeadRef: at(f.heads, i), Title: at(f.titles, i),
		}
	}
	return nil
}

// at is a value of a list, if it is given.
func at[T any](list []T, i int) T {
	if i < len(list) {
		return list[i]
	}
	var none T
	return none
}

// load loads the configuration and, with --repo-dir, the repository's own jobs.
func (f *jobFlags) load(ctx context.Context) (*config.Config, error) {
	if f.files.Config == "" {
		return nil, errors.New("which configuration? give --config, and --jobs for the folder of the jobs")
	}
	c, err := config.Load(ctx, f.files)
	if err != nil || f.repoDir == "" {
		return c, err
	}
	local, err := findLocal(ctx, "--repo-dir", f.repoDir, f.query.Repo)
	if err != nil {
		return nil, err
	}
	if err := enabled(c, local.repo); err != nil {
		return nil, fmt.Errorf("--repo-dir: %w", err)
	}
	f.own, err = local.asItIs(ctx)
	return c, err
}

func (f *jobFlags) live(cmd *cobra.Command) bool {
	for _, name := range gitHubFlags() {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// all are the jobs of the configuration that was given.
func (f *jobFlags) all(ctx context.Context) (*jobs.Jobs, error) {
	c, err := f.load(ctx)
	if err != nil {
		return nil, err
	}
	return f.own.jobs(c)
}

// completeJobs completes the name of a job of the configuration that was given.
func (f *jobFlags) completeJobs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const no = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, no
	}
	all, err := f.all(cmd.Context())
	if err != nil {
		return nil, no
	}
	var names []cobra.Completion
	for j := range all.All() {
		names = append(names, cobra.CompletionWithDesc(j.Base().Name, j.Of()))
	}
	return names, no
}

func (f *jobFlags) completeRepos(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const no = cobra.ShellCompDirectiveNoFileComp
	all, err := f.all(cmd.Context())
	if err != nil {
		return nil, no
	}
	seen := map[string]bool{"": true}
	var repos []cobra.Completion
	for j := range all.All() {
		if !seen[j.Repo] {
			seen[j.Repo] = true
			repos = append(repos, j.Repo)
		}
	}
	return repos, no
}
