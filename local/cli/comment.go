// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newComment(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "comment NUMBER TEXT...",
		Short:   "Comment on a pull request of the machine that is up",
		Example: "  cutwater comment 1 /test all\n  cutwater comment 1 \"/test unit\" --as stranger",
		Args:    cobra.MinimumNArgs(2),
	}
	login := as(cmd)
	cmd.ValidArgsFunction = f.pulls
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m, issue, client, err := f.at(cmd.Context(), *login, args[0])
		if err != nil {
			return err
		}
		comment, err := client.CreateComment(cmd.Context(), issue, strings.Join(args[1:], " "))
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s commented: %s\n", m.login, comment.HTMLURL)
		return nil
	}
	return cmd
}
