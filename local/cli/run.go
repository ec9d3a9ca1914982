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
	corev1 "k8s.io/api/core/v1"
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

The job gets no credentials, reports to nobody, and uploads to a folder. Its code
is cloned from GitHub, or is the last commit of the repository that --source
names. It takes the flags of cutwater job as well. Jobs run as you, and those
with the image "host" see this machine's files: run only what you trust.`,
		Example: `  cutwater run ci-nightly --config config.yaml --jobs jobs/
  cutwater run unit --config config.yaml --jobs jobs/ --source . --image host
  cutwater run unit --config config.yaml --jobs jobs/ --pull-number 12 --github-endpoint https://api.github.com`,
		Args: cobra.MaximumNArgs(1),
	}
	var r runFlags
	r.job.addTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&r.source, "source", "", "a git repository whose last commit the job runs on, in place of GitHub; it is only read")
	flags.StringVar(&r.image, "image", "", "an image for the job's containers in place of their own; host is this machine")
	flags.StringArrayVar(&r.secrets, "secret", nil, "NAME=DIR: a secret that the job needs, one key for each file of the folder; may be repeated")
	flags.StringArrayVar(&r.maps, "config-map", nil, "NAME=DIR: the like for a config map")
	flags.StringVar(&r.up.Programs, "programs", "", "folder of the pod utilities (default: that of this program)")
	for _, name := range []string{"source", "programs"} {
		must(cmd.MarkFlagDirname(name))
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return r.run(cmd, args, f, now) }
	return cmd
}

func (r *runFlags) run(cmd *cobra.Command, args []string, f folder, now clock) error {
	ctx := cmd.Context()
	if err := r.check(cmd, args, now); err != nil {
		return err
	}
	if err := r.machineOptions(cmd, f); err != nil {
		return err
	}
	objects, err := r.objects()
	if err != nil {
		return err
	}
	m, err := up.Start(ctx, r.up)
	if err != nil {
		return err
	}
	defer m.Stop()
	pj, err := r.prowJob(ctx, m, now)
	if err != nil {
		return err
	}
	if err := lacking(pj, objects); err != nil {
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

// check finds what is wrong with the command line before anything is started.
func (r *runFlags) check(cmd *cobra.Command, args []string, now clock) error {
	if r.source == "" {
		_, err := r.job.prowJob(cmd, args, now)
		return err
	}
	if err := r.job.parse(args); err != nil {
		return err
	}
	_, found, err := r.job.find(cmd.Context())
	if err != nil {
		return err
	}
	if found[0].Repo == "" {
		return fmt.Errorf("--source is for presubmits and postsubmits: %q is a periodic, which says itself what it clones", r.job.query.Name)
	}
	return r.checkSource(cmd, found[0].Repo)
}

// checkSource makes the source the machine's repository.
func (r *runFlags) checkSource(cmd *cobra.Command, orgRepo string) error {
	dir, err := filepath.Abs(r.source)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("--source: %w", err)
	}
	repo := repository{dir: dir}
	if _, err := repo.git(cmd.Context(), nil, "symbolic-ref", "--quiet", "HEAD"); err != nil {
		return fmt.Errorf("--source: %s is not a git repository with a branch checked out", r.source)
	}
	// A bare repository has no work tree, which is an error and no change.
	if changed, err := repo.git(cmd.Context(), nil, "status", "--porcelain"); err == nil && changed != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: what is not committed in %s does not count\n", r.source)
	}
	r.up.Repo, r.up.Name = dir, orgRepo
	return nil
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
func (r *runFlags) prowJob(ctx context.Context, m *up.Machine, now clock) (*prowv1.ProwJob, error) {
	r.job.files.Config = filepath.Join(r.up.State, "configmaps", "config", "config.yaml") // that of the machine
	c, found, err := r.job.find(ctx)
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
	makejob.Localize(pj, localUtilities(c), r.image)
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

// objects are secrets and config maps for the job.
type objects struct {
	secrets []*corev1.Secret
	maps    []*corev1.ConfigMap
}

func (r *runFlags) objects() (objects, error) {
	var o objects
	for _, given := range r.secrets {
		name, data, err := filesOf("--secret", given)
		if err != nil {
			return o, err
		}
		o.secrets = append(o.secrets, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data})
	}
	for _, given := range r.maps {
		name, data, err := filesOf("--config-map", given)
		if err != nil {
			return o, err
		}
		o.maps = append(o.maps, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, BinaryData: data})
	}
	return o, nil
}

// filesOf reads NAME=DIR.
func filesOf(flag, given string) (name string, data map[string][]byte, err error) {
	name, dir, ok := strings.Cut(given, "=")
	if !ok || name == "" || dir == "" {
		return "", nil, fmt.Errorf("%s %q: want NAME=DIR", flag, given)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", flag, err)
	}
	data = map[string][]byte{}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		if data[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			return "", nil, fmt.Errorf("%s: %w", flag, err)
		}
	}
	return name, data, nil
}

// lacking names what the job needs and was not given.
func lacking(pj *prowv1.ProwJob, given objects) error {
	secrets, maps := makejob.Needs(pj)
	for _, s := range given.secrets {
		secrets = slices.DeleteFunc(secrets, func(name string) bool { return name == s.Name })
	}
	for _, m := range given.maps {
		maps = slices.DeleteFunc(maps, func(name string) bool { return name == m.Name })
	}
	var errs []error
	for _, name := range secrets {
		errs = append(errs, fmt.Errorf("the job needs the secret %s: give its files with --secret %s=DIR", name, name))
	}
	for _, name := range maps {
		errs = append(errs, fmt.Errorf("the job needs the config map %s: give its files with --config-map %s=DIR", name, name))
	}
	return errors.Join(errs...)
}

func (o objects) create(ctx context.Context, m *up.Machine, namespace string) error {
	for _, s := range o.secrets {
		if _, err := m.Kube.CoreV1().Secrets(namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the secret %s: %w", s.Name, err)
		}
	}
	for _, each := range o.maps {
		if _, err := m.Kube.CoreV1().ConfigMaps(namespace).Create(ctx, each, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the config map %s: %w", each.Name, err)
		}
	}
	return nil
}
