// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	prowv1 "github.com/cutwater-ci/cutwater/apis/prowjobs/v1"
	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/config/jobs"
	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/makejob"
	"github.com/cutwater-ci/cutwater/local/up"
)

// runFlags say which job to run, and with what.
type runFlags struct {
	job     jobFlags
	source  string
	image   string
	secrets []string
	maps    []string
	up      up.Options
}

func newRun(f folder, now clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run NAME",
		Short: "Run a configured job on this machine, and show its log",
		Long: `Run a configured job on this machine, with everything that runs it in a cluster:
an API server, plank, a node that runs pods as processes, and the pod utilities.
Its log is shown, then its exit code and where its artifacts are, which stay
until the next run. The exit code is 0 if the job succeeds. Ctrl-C ends it.

The job reports to nobody, and uploads to a folder. Its code is cloned from
GitHub, or is the last commit of the repository that --source names, whose own
.prow.yaml counts, too. It takes the flags of cutwater job as well. Jobs run as
you, and those with the image "host" see this machine's files: run only what you
trust.

The job gets the secrets and config maps that you give, and no others. What it
cannot start without is named before anything is started. Without the secrets
that its decoration clones with, what is public can be cloned. Images are pulled
with the credentials of docker login.`,
		Example: `  cutwater run ci-nightly --config config.yaml --jobs jobs/
  cutwater run unit --config config.yaml --jobs jobs/ --source . --image host
  cutwater run unit --config config.yaml --jobs jobs/ --pull-number 12 --github-endpoint https://api.github.com
  cutwater run publish --config config.yaml --source . --secret registry=./registry --secret token=./token.txt`,
		Args: cobra.MaximumNArgs(1),
	}
	var r runFlags
	r.job.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&r.source, "source", "", "a git repository whose last commit the job runs on, in place of GitHub; it is only read")
	flags.StringVar(&r.image, "image", "", "an image for the job's containers in place of their own; host is this machine")
	flags.StringArrayVar(&r.secrets, "secret", nil, "NAME=PATH: a secret for the job, with a key for each file of a folder, or for one file; may be repeated")
	flags.StringArrayVar(&r.maps, "config-map", nil, "NAME=PATH: the like for a config map")
	flags.StringVar(&r.up.Programs, "programs", "", "folder of the pod utilities (default: that of this program)")
	for _, name := range []string{"source", "programs"} {
		must(cmd.MarkFlagDirname(name))
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return r.run(cmd, args, f, now) }
	return cmd
}

func (r *runFlags) run(cmd *cobra.Command, args []string, f folder, now clock) error {
	ctx := cmd.Context()
	objects, err := readObjects(r.secrets, r.maps)
	if err != nil {
		return err
	}
	if err := r.check(cmd, args, objects, now); err != nil {
		return err
	}
	if err := r.machineOptions(cmd, f); err != nil {
		return err
	}
	m, err := up.Start(ctx, r.up)
	if err != nil {
		return err
	}
	defer m.Stop()
	pj, err := r.prowJob(ctx, m, objects, now)
	if err != nil {
		return err
	}
	if err := objects.create(ctx, m, pj.Spec.Namespace); err != nil {
		return err
	}
	if pj, err = m.ProwJobs.ProwV1().ProwJobs(pj.Namespace).Create(ctx, pj, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the ProwJob: %w", err)
	}
	watched := &watchedRun{machine: m, job: pj, out: cmd.OutOrStdout(), notes: cmd.ErrOrStderr()}
	return watched.follow(ctx)
}

// check finds what is wrong with the command line, and what the job lacks,
// before anything is started.
func (r *runFlags) check(cmd *cobra.Command, args []string, given objects, now clock) error {
	job, err := r.choose(cmd, args, now)
	if err != nil {
		return err
	}
	needs, credentials := makejob.Needs(job.Base().Spec), r.credentials(job)
	if err := given.lacking(append(needs, given.given(credentials)...)); err != nil {
		return err
	}
	if names := given.without(credentials); len(names) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: only what is public can be cloned, since these secrets are not given: %s\n", strings.Join(names, ", "))
	}
	return nil
}

// credentials are the secrets that the job clones with, if it clones anything;
// the machine's own GitHub wants none.
func (r *runFlags) credentials(job jobs.Any) []makejob.Need {
	if r.source != "" || job.Repo == "" && len(job.Base().ExtraRefs) == 0 {
		return nil
	}
	return makejob.Credentials(job.Base().DecorationConfig)
}

// choose chooses the job, with the user's own configuration.
func (r *runFlags) choose(cmd *cobra.Command, args []string, now clock) (jobs.Any, error) {
	if r.source == "" {
		c, job, web, err := r.job.choose(cmd, args)
		if err == nil {
			_, err = r.job.create(c, job, web, now) // which says what of the code is missing
		}
		return job, err
	}
	if err := r.job.parse(args); err != nil {
		return jobs.Any{}, err
	}
	c, err := r.job.load(cmd.Context())
	if err != nil {
		return jobs.Any{}, err
	}
	found, notFound := r.job.find(c)
	if notFound == nil && found[0].Repo == "" {
		return jobs.Any{}, fmt.Errorf("--source is for presubmits and postsubmits: %q is a periodic, which says itself what it clones", r.job.query.Name)
	}
	branch, err := r.sourceBranch(cmd)
	if err != nil {
		return jobs.Any{}, err
	}
	if found, err = r.findInSource(cmd.Context(), c, branch, found, notFound); err != nil {
		return jobs.Any{}, err
	}
	r.up.Name = found[0].Repo
	return makejob.Choose(found, branch)
}

// findInSource reads the jobs that the source brings on the branch where none is
// known for it. found and err are what find says.
func (r *runFlags) findInSource(ctx context.Context, c *config.Config, branch string, found []jobs.Any, err error) ([]jobs.Any, error) {
	if err != nil && !isNotFound(err) || r.job.own.file != nil || slices.ContainsFunc(found, func(j jobs.Any) bool { return j.CouldRun(branch) }) {
		return found, err
	}
	local, lost := findLocal(ctx, "--source", r.source, r.job.query.Repo)
	if lost == nil {
		lost = enabled(c, local.repo)
	}
	switch {
	case lost != nil && err != nil:
		return nil, errors.Join(err, lost)
	case lost != nil:
		return found, nil
	}
	if r.job.own, err = local.at(ctx, branch); err != nil {
		return nil, err
	}
	return r.job.find(c)
}

// sourceBranch makes the source the machine's repository, and returns the branch
// that the job runs on.
func (r *runFlags) sourceBranch(cmd *cobra.Command) (string, error) {
	dir, err := filepath.Abs(r.source)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("--source: %w", err)
	}
	repo := repository{dir: dir}
	branch, err := repo.git(cmd.Context(), nil, "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil {
		return "", fmt.Errorf("--source: %s is not a git repository with a branch checked out", r.source)
	}
	// A bare repository has no work tree, which is an error and no change.
	if changed, err := repo.git(cmd.Context(), nil, "status", "--porcelain"); err == nil && changed != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: what is not committed in %s does not count\n", r.source)
	}
	r.up.Repo = dir
	return cmp.Or(r.job.code.BaseRef, strings.TrimSpace(branch)), nil
}

// machineOptions settles how the machine is brought up: beside one that is up, with free ports.
func (r *runFlags) machineOptions(cmd *cobra.Command, f folder) error {
	r.up.Config, r.up.Jobs = r.job.files.Config, r.job.files.Jobs
	r.up.Progress = cmd.ErrOrStderr()
	state, err := f()
	if err != nil {
		return err
	}
	r.up.State = state
	if !cmd.Flags().Changed("state") {
		r.up.State += "-run"
	}
	if r.up.Programs == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		r.up.Programs = filepath.Dir(self)
	}
	return nil
}

// prowJob makes the job's ProwJob with the configuration of the machine, and fits it to it.
func (r *runFlags) prowJob(ctx context.Context, m *up.Machine, given objects, now clock) (*prowv1.ProwJob, error) {
	files := r.job.files
	files.Config = filepath.Join(r.up.State, "configmaps", "config", "config.yaml")
	c, err := config.Load(ctx, files)
	if err != nil {
		return nil, err
	}
	found, err := r.job.find(c)
	if err != nil {
		return nil, err
	}
	web := cmp.Or(r.job.github.Host, "https://github.com")
	if r.source != "" {
		web = m.Connection.Forge
		if err := r.lastCommit(ctx, m.Forge.Reader(), found[0]); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(web, "://") {
		web = "https://" + web
	}
	job, err := makejob.Choose(found, r.job.code.BaseRef)
	if err != nil {
		return nil, err
	}
	pj, err := r.job.create(c, job, web, now)
	if err != nil {
		return nil, err
	}
	makejob.Localize(pj, makejob.Machine{Utilities: localUtilities(c), Image: r.image, HasSecret: given.hasSecret, HasCode: r.source != ""})
	return pj, nil
}

// localUtilities is the decoration of the machine's configuration.
func localUtilities(c *config.Config) *prowv1.DecorationConfig {
	return c.Plank.DefaultDecoration("", prowv1.DefaultClusterAlias)
}

// lastCommit makes the tip of the repository's branch the code: for a presubmit,
// as a pull request that adds nothing to it.
func (r *runFlags) lastCommit(ctx context.Context, forge *github.Client, job jobs.Any) error {
	code := &r.job.code
	given := code.Pulls
	code.Pulls = nil
	if err := code.Complete(ctx, forge, job.Repo); err != nil {
		return err
	}
	if job.Presubmit != nil {
		pull := makejob.Pull{Number: 1, SHA: code.BaseSHA, HeadRef: code.BaseRef, Author: up.Member, Title: "The last commit"}
		if len(given) > 0 {
			pull.Number = cmp.Or(given[0].Number, pull.Number)
			pull.Author = cmp.Or(given[0].Author, pull.Author)
			pull.Title = cmp.Or(given[0].Title, pull.Title)
		}
		code.Pulls = []makejob.Pull{pull}
	}
	return nil
}
