// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/github"
)

func newMerge(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "merge NUMBER",
		Short: "Merge a pull request of the machine that is up, which starts its postsubmits",
		Args:  cobra.ExactArgs(1),
	}
	login := as(cmd)
	cmd.ValidArgsFunction = f.pulls
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, issue, client, err := f.at(cmd.Context(), *login, args[0])
		if err != nil {
			return err
		}
		sha, err := client.MergePull(cmd.Context(), issue, github.Merge{})
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "merged %v as %s\n", issue, sha)
		return nil
	}
	return cmd
}
