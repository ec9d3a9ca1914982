// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/local/makejob"
)

// clock says what time it is.
type clock func() time.Time

func newJob(now clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job NAME",
		Short: "Print the ProwJob that a configured job would get, for kubectl create -f -",
		Long: `Print the ProwJob that a configured job would get, ready for kubectl create -f -.
It has the defaults, labels and links that hook, tide and horologium give.

A presubmit needs a pull request, a postsubmit a commit, a periodic nothing.
With any --github flag all but the pull request's number comes from GitHub;
what is given goes over it. Nothing is ever asked for.

A job in a repository's own .prow.yaml, or in its folder .prow, is found in the
checkout that --repo-dir names, as it is, committed or not. With --repo and any
--github flag it is read from GitHub, as the pull request has it when merged.
in_repo_config must let the repository bring jobs.`,
		Example: `  cutwater job ci-nightly --config config.yaml --jobs jobs/ | kubectl create -f -
  cutwater job unit --config config.yaml --jobs jobs/ --pull-number 12 --github-token-path ~/token
  cutwater job unit --config config.yaml --jobs jobs/ --pull-number 12 --pull-sha $(git rev-parse HEAD) \
    --pull-author ann --base-ref main --base-sha $(git rev-parse main)
  cutwater job unit --config config.yaml --repo my-org/my-repo --pull-number 12 --github-token-path ~/token
  cutwater job publish --config config.yaml --repo-dir . --base-ref main --base-sha $(git rev-parse HEAD)`,
		Args: cobra.MaximumNArgs(1),
	}
	var flags jobFlags
	flags.addTo(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		pj, err := flags.prowJob(cmd, args, now)
		if err != nil {
			return err
		}
		return printYAML(cmd, pj)
	}
	return cmd
}

// printYAML writes an object of Kubernetes for people, and for kubectl.
func printYAML(cmd *cobra.Command, object any) error {
	text, err := makejob.YAML(object)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s", text)
	return err
}
