// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/local/up"
)

func newUp(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring everything up on this machine and show a comment become a result",
		Long: `Bring everything up on this machine: a GitHub with a sample repository, etcd and
the API server of Kubernetes, hook, plugins, the controller, deck, and a node that
runs pods as processes. It opens a pull request, comments "/test all", prints each
step as it happens, and stays up until Ctrl-C.

Everything it writes is in the state folder, which the next start cleans. Jobs
run as you, and those with the image "host" see this machine's files: bring up
only repositories that you trust.`,
		Example: `  cutwater up
  cutwater up --repo ~/src/my-project
  cutwater up --repo . --name kubernetes/test-infra --config config.yaml --plugins plugins.yaml --jobs jobs/`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var o up.Options
	flags := cmd.Flags()
	flags.StringVar(&o.Repo, "repo", "", "a git repository to use instead of the sample; it is only read")
	flags.StringVar(&o.Name, "name", "", "that repository's ORG/REPO (default: that of its remote on GitHub, or local/FOLDER)")
	flags.StringVar(&o.Config, "config", "", "Prow's config.yaml (default: one that reads .prow.yaml of the repository)")
	flags.StringVar(&o.Plugins, "plugins", "", "Prow's plugins.yaml (default: trigger and hold)")
	flags.StringVar(&o.Jobs, "jobs", "", "Prow's job file or folder")
	flags.IntVar(&o.DeckPort, "port", 8080, "port of the web page; 0 is a free one")
	flags.IntVar(&o.ForgePort, "forge-port", 8081, "port of the GitHub; 0 is a free one")
	flags.IntVar(&o.HookPort, "hook-port", 8082, "port that takes webhooks; 0 is a free one")
	flags.IntVar(&o.APIPort, "api-port", 0, "port of the API server; 0 is a free one")
	flags.StringVar(&o.Programs, "programs", "", "folder of the pod utilities (default: that of this program)")
	for _, name := range []string{"repo", "programs"} {
		must(cmd.MarkFlagDirname(name))
	}
	for _, name := range []string{"config", "plugins"} {
		must(cmd.MarkFlagFilename(name, "yaml", "yml"))
	}
	quiet := flags.Bool("no-demo", false, "only bring it up; open no pull request")
	once := flags.Bool("once", false, "end when the demonstration has, with exit code 1 if it did not turn green")

	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if o.State, err = f(); err != nil {
			return err
		}
		if o.Programs == "" {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			o.Programs = filepath.Dir(self)
		}
		o.Progress = cmd.OutOrStdout()
		return bringUp(cmd, o, !*quiet, *once)
	}
	return cmd
}

// bringUp runs a machine until the command is interrupted or, once, until the
// demonstration has ended.
func bringUp(cmd *cobra.Command, o up.Options, demonstrate, once bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	m, err := up.Start(ctx, o)
	if err != nil {
		return err
	}
	defer m.Stop()
	if demonstrate {
		switch err := m.Demonstrate(ctx); {
		case once:
			return err
		case err != nil && ctx.Err() == nil:
			fmt.Fprintf(out, "\n%v\n", err) // it stays up, to be looked at
		}
	}
	m.PrintAddresses(out)
	<-ctx.Done()
	fmt.Fprintln(out, "\nstopping")
	return nil
}
