// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cutwater-ci/cutwater/config/check"
)

// checkFlags say what is checked, for what, and how it is told.
type checkFlags struct {
	files       check.Files
	selection   check.Selection
	annotations []string
	strict      bool
	format      string
	inRepo      inRepoFlags
	facts       factsFlags
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find what is wrong or odd in a configuration",
		Long: `Find what is wrong or odd in a configuration: config.yaml, plugins.yaml, job files
and their supplements. All of it is told in one run, each with file, line, column
and path. An error is what would not be loaded, a warning what is probably not
meant, a notice what is good to know.

The exit code is 0 when there are no errors (with --strict: and no warnings), 1
when there are, and 2 when the command is used wrongly. docs/check.md explains
the checks; flags by the names that they have in Prow's checkconfig work too.`,
		Example: `  cutwater check --config config.yaml --plugins plugins.yaml --jobs jobs
  cutwater check --config config.yaml --jobs jobs --strict --exclude-warning long-job-names
  cutwater check --config config.yaml --jobs jobs --format github
  cutwater check --config config.yaml --jobs jobs --prow-yaml-repo-name my-org/my-repo`,
		Args: func(cmd *cobra.Command, args []string) error {
			return asUsageError(cobra.NoArgs(cmd, args))
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return asUsageError(err) })
	cmd.Flags().SetNormalizeFunc(prowsName)
	var f checkFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return f.run(cmd) }
	return cmd
}

// prowsName makes the names of Prow's flags work too.
func prowsName(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	ours := map[string]string{
		"config-path": "config", "job-config-path": "jobs", "plugin-config": "plugins", "exclude-warnings": "exclude-warning",
		"supplemental-prow-configs-filename": "supplemental-prow-configs-filename-suffix",
	}
	if known, ok := ours[name]; ok {
		name = known
	}
	return pflag.NormalizedName(name)
}

func (f *checkFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.files.Config.Config, "config", "", "config.yaml; it must be given")
	flags.StringVar(&f.files.Config.Jobs, "jobs", "", "job file or folder")
	flags.StringVar(&f.files.Plugins.Config, "plugins", "", "plugins.yaml; some checks need it")
	flags.StringArrayVar(&f.files.Config.SupplementalConfigDirs, "supplemental-prow-config-dir", nil, "a folder with more of config.yaml; may be repeated")
	flags.StringVar(&f.files.Config.SupplementalSuffix, "supplemental-prow-configs-filename-suffix", "_prowconfig.yaml", "how the names of those files end")
	flags.StringArrayVar(&f.files.Plugins.SupplementalDirs, "supplemental-plugin-config-dir", nil, "a folder with more of plugins.yaml; may be repeated")
	flags.StringVar(&f.files.Plugins.SupplementalSuffix, "supplemental-plugin-configs-filename-suffix", "_pluginconfig.yaml", "how the names of those files end")
	flags.BoolVar(&f.strict, "strict", false, "end with exit code 1 when there are warnings, too")
	flags.StringVar(&f.format, "format", string(check.Text), "text, json, or github: annotations on a pull request")
	flags.StringSliceVar(&f.selection.Names, "warnings", nil, "a check to run, in place of those that run by default; may be repeated")
	flags.StringSliceVar(&f.selection.Exclude, "exclude-warning", nil, "a check not to run; may be repeated")
	flags.BoolVar(&f.selection.WithDefaults, "include-default-warnings", false, "with --warnings: run those that run by default, too")
	flags.BoolVar(&f.selection.Expensive, "expensive-checks", false, "run all checks by default, also those that ask GitHub")
	flags.StringSliceVar(&f.annotations, "required-job-annotations", nil, "an annotation that every job must have; may be repeated")
	f.inRepo.add(flags)
	f.facts.add(flags)
	for _, name := range []string{"config", "plugins"} {
		must(cmd.MarkFlagFilename(name, "yaml", "yml"))
	}
	for _, name := range []string{"supplemental-prow-config-dir", "supplemental-plugin-config-dir"} {
		must(cmd.MarkFlagDirname(name))
	}
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp)))
	for _, name := range []string{"warnings", "exclude-warning"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(checks(), cobra.ShellCompDirectiveNoFileComp)))
	}
}

func formats() []cobra.Completion {
	var all []cobra.Completion
	for _, format := range check.Formats() {
		all = append(all, string(format))
	}
	return all
}

func checks() []cobra.Completion {
	var all []cobra.Completion
	for _, c := range check.All() {
		all = append(all, cobra.CompletionWithDesc(c.Name, c.Finds))
	}
	return all
}

// run checks, and writes what is found. The error is that the configuration is not fit for use.
func (f *checkFlags) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	f.selection.App = f.facts.github.AppID != 0
	selected, odd, err := f.selection.Select()
	if err := errors.Join(err, f.validate(selected)); err != nil {
		return asUsageError(err)
	}
	in, found := check.Load(ctx, f.files)
	in.Annotations = f.annotations
	if in.Facts, err = f.facts.gather(ctx, in, selected); err != nil {
		return fmt.Errorf("finding out what the checks must know: %w", err)
	}
	found = append(append(found, odd...), f.facts.notRun(selected)...)
	if f.inRepo.repo != "" {
		found = append(found, check.InRepo(ctx, in, f.inRepo.repo, f.inRepo.folder(), needs(selected, "unknown-fields-all"))...)
	}
	report := check.Run(in, selected, found)
	if err := report.Write(cmd.OutOrStdout(), check.Format(f.format)); err != nil {
		return err
	}
	switch {
	case report.Failed(false):
		return errors.New("the configuration has errors")
	case report.Failed(f.strict):
		return errors.New("the configuration has warnings, and --strict is given")
	}
	return nil
}

// validate reports flags that make no sense.
func (f *checkFlags) validate(selected []check.Check) error {
	var errs []error
	if f.files.Config.Config == "" {
		errs = append(errs, errors.New("--config must be given"))
	}
	if !slices.Contains(check.Formats(), check.Format(f.format)) {
		errs = append(errs, fmt.Errorf("there is no format %q; there are %v", f.format, check.Formats()))
	}
	return errors.Join(append(errs, f.inRepo.validate(), f.facts.validate(f.selection, selected, f.files.Plugins.Config != ""))...)
}
