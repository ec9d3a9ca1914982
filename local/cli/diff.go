// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/config"
	"github.com/cutwater-ci/cutwater/local/configdiff"
)

// diffFlags say what is compared, and how it is told.
type diffFlags struct {
	git                  string
	config, jobs         string
	supplemental         []string
	oldConfig, newConfig string
	oldJobs, newJobs     string
	repo, repoDir        string
	format               string
	exitCode             bool
}

func newDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff [OLD NEW]",
		Short: "Say what a change of configuration does to the jobs",
		Long: `Say what a change of configuration does to the jobs: which are added and removed
and, for each that changes, what changes in when it runs, in its pod and in the
rest. All defaults and presets are in, so a change of those shows, and one that
only looks different does not.

The exit code is 0, or 1 if any job changes and --exit-code is given; 2 means that
the configurations could not be compared.

OLD and NEW are folders with a configuration, such as two work trees, or
config.yaml files. With --git, OLD is a revision of the folder's repository and
NEW the folder as it is (default: this one).

With --repo-dir it is not the configuration that changes, but the jobs that a
repository brings in .prow or .prow.yaml: OLD and NEW are revisions of it, NEW
being the checkout as it is, committed or not, if it is left out.`,
		Example: `  cutwater diff --git origin/main --config config/prow/config.yaml --jobs config/jobs
  cutwater diff --git $(git merge-base origin/main HEAD) --exit-code
  cutwater diff ../before . --format json
  cutwater diff --old-config a/config.yaml --old-jobs a/jobs --new-config b/config.yaml --new-jobs b/jobs
  cutwater diff --repo-dir . --config ../prow/config.yaml --jobs ../prow/jobs origin/main
  cutwater diff --repo-dir . --repo my-org/my-repo --config ../prow/config.yaml v1 v2`,
		Args: cobra.MaximumNArgs(2),
	}
	var f diffFlags
	flags := cmd.Flags()
	flags.StringVar(&f.git, "git", "", "compare with this revision of the repository, in place of OLD")
	flags.StringVar(&f.config, "config", "config.yaml", "config.yaml, below the folders")
	flags.StringVar(&f.jobs, "jobs", "", "job file or folder, below the folders (default: jobs, where there is one)")
	flags.StringArrayVar(&f.supplemental, "supplemental-prow-config-dir", nil, "a folder with more of config.yaml, below the folders; may be repeated")
	flags.StringVar(&f.oldConfig, "old-config", "", "the old config.yaml, in place of OLD")
	flags.StringVar(&f.newConfig, "new-config", "", "the new config.yaml, in place of NEW")
	flags.StringVar(&f.oldJobs, "old-jobs", "", "the old job file or folder")
	flags.StringVar(&f.newJobs, "new-jobs", "", "the new job file or folder")
	flags.StringVar(&f.repoDir, "repo-dir", "", "compare the jobs that the repository of this checkout brings, all else being as in --config and --jobs")
	flags.StringVar(&f.repo, "repo", "", "its ORG/REPO (default: that of its remote origin)")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.BoolVar(&f.exitCode, "exit-code", false, "end with exit code 1 if any job changes")
	for _, name := range []string{"config", "old-config", "new-config"} {
		must(cmd.MarkFlagFilename(name, "yaml", "yml"))
	}
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.MarkFlagDirname("repo-dir"))
	must(cmd.RegisterFlagCompletionFunc("git", func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return revisions(cmd.Context(), cmp.Or(append(args, ".")...))
	}))
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if f.repoDir == "" || len(args) > 1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return revisions(cmd.Context(), f.repoDir)
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return asUsageError(err) })
	cmd.RunE = f.run
	return cmd
}

func (f *diffFlags) run(cmd *cobra.Command, args []string) error {
	report, err := f.compare(cmd.Context(), args)
	if err != nil {
		return asUsageError(err)
	}
	if err := f.print(cmd, report); err != nil {
		return asUsageError(err)
	}
	if f.exitCode && !report.Empty() {
		return fmt.Errorf("the jobs differ: %d added, %d removed, %d changed", len(report.Added), len(report.Removed), len(report.Changed))
	}
	return nil
}

func (f *diffFlags) compare(ctx context.Context, args []string) (*configdiff.Report, error) {
	if f.format != "text" && f.format != "json" {
		return nil, fmt.Errorf("--format %q: want text or json", f.format)
	}
	if f.repoDir != "" {
		return f.compareOwn(ctx, args)
	}
	if f.repo != "" {
		return nil, errors.New("--repo is of the checkout that --repo-dir names, and there is none")
	}
	before, after, err := f.sides(ctx, args)
	if err != nil {
		return nil, err
	}
	defer before.remove()
	return compareSides(ctx, before, after)
}

func (f *diffFlags) print(cmd *cobra.Command, report *configdiff.Report) error {
	if f.format == "text" {
		_, err := fmt.Fprint(cmd.OutOrStdout(), report.Text())
		return err
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// side is one of the configurations, on disk.
type side struct {
	// name is what people know it by.
	name  string
	files config.Files
	root  string
	// temporary is a folder to remove in the end.
	temporary string
}

func (s side) remove() {
	if s.temporary != "" {
		_ = os.RemoveAll(s.temporary)
	}
}

// pair reports whether both sides are named one by one.
func (f *diffFlags) pair() bool {
	return f.oldConfig != "" || f.newConfig != "" || f.oldJobs != "" || f.newJobs != ""
}

// sides are what the command line says to compare.
func (f *diffFlags) sides(ctx context.Context, args []string) (before, after side, err error) {
	pair := f.pair()
	switch {
	case pair && (f.git != "" || len(args) > 0):
		err = errors.New("--old-config, --new-config and their jobs take the place of OLD, NEW and --git: give one or the other")
	case pair && (f.oldConfig == "" || f.newConfig == ""):
		err = errors.New("give both --old-config and --new-config")
	case pair:
		before = side{name: f.oldConfig, files: config.Files{Config: f.oldConfig, Jobs: f.oldJobs}}
		after = side{name: f.newConfig, files: config.Files{Config: f.newConfig, Jobs: f.newJobs}}
	case f.git != "" && len(args) == 2:
		err = errors.New("--git takes the place of OLD: give NEW alone, or nothing for this folder")
	case f.git != "":
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		if after, err = f.side(dir); err == nil {
			before, err = f.revision(ctx, dir)
		}
	case len(args) != 2:
		err = errors.New("give OLD and NEW, or --git REVISION")
	default:
		if before, err = f.side(args[0]); err == nil {
			after, err = f.side(args[1])
		}
	}
	return before, after, err
}

// side is a folder, or a config.yaml.
func (f *diffFlags) side(path string) (side, error) {
	info, err := os.Stat(path)
	if err != nil {
		return side{}, err
	}
	if info.IsDir() {
		return f.folder(path), nil
	}
	if f.jobs != "" || len(f.supplemental) > 0 {
		return side{}, fmt.Errorf("%s is a file, and --jobs is below a folder: use --old-config, --old-jobs, --new-config and --new-jobs", path)
	}
	return side{name: path, files: config.Files{Config: path}}, nil
}

// folder is the configuration in a folder.
func (f *diffFlags) folder(dir string) side {
	s := side{name: dir, root: dir, files: config.Files{Config: filepath.Join(dir, f.config)}}
	if f.jobs != "" {
		s.files.Jobs = filepath.Join(dir, f.jobs)
	} else if jobs := filepath.Join(dir, defaultJobs); exists(jobs) {
		s.files.Jobs = jobs
	}
	for _, more := range f.supplemental {
		s.files.SupplementalConfigDirs = append(s.files.SupplementalConfigDirs, filepath.Join(dir, more))
	}
	return s
}

// defaultJobs is the folder with the jobs, unless --jobs names another.
const defaultJobs = "jobs"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// revision is the configuration as it is in a revision of the folder's repository.
func (f *diffFlags) revision(ctx context.Context, dir string) (side, error) {
	paths := append([]string{f.config, defaultJobs}, f.supplemental...)
	if f.jobs != "" {
		paths = append(paths, f.jobs)
	}
	checkout, err := checkOut(ctx, dir, f.git, paths)
	if err != nil {
		return side{}, fmt.Errorf("--git %s: %w", f.git, err)
	}
	s := f.folder(checkout.folder)
	s.name, s.temporary = f.git, checkout.temporary
	return s, nil
}

func compareSides(ctx context.Context, before, after side) (*configdiff.Report, error) {
	var configs [2]*config.Config
	var errs []error
	for i, s := range []side{before, after} {
		var err error
		if configs[i], err = config.Load(ctx, s.files); err != nil {
			errs = append(errs, s.told(err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return configdiff.Compare(configdiff.Side{Jobs: configs[0].Jobs, Root: before.root}, configdiff.Side{Jobs: configs[1].Jobs, Root: after.root}), nil
}

// told is an error with the names of files as people know them: REVISION:FILE,
// as git has them, for what was checked out.
func (s side) told(err error) error {
	if s.temporary == "" {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), s.root+string(filepath.Separator), s.name+":"))
}
