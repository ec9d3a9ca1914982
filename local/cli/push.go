// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/local/up"
)

func newPush(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push NUMBER",
		Short: "Push a new commit to a pull request of the machine that is up",
		Long:  "Push a new commit to a pull request: with the files given, or an empty one.\nRuns of the old commit are aborted and, if its author is trusted, new ones start:\na stranger's pull request needs /ok-to-test first.",
		Example: "  cutwater push 1\n" +
			"  cutwater push 1 --file greet.sh=/tmp/greet.sh --message \"Greet louder\"",
		Args: cobra.ExactArgs(1),
	}
	login := cmd.Flags().String("as", "", "who does it (default: who opened it)")
	completeAs(cmd)
	cmd.ValidArgsFunction = f.pulls
	files := cmd.Flags().StringArray("file", nil, "PATH=FILE: the commit makes the repository's PATH the content of FILE; may be repeated")
	message := cmd.Flags().String("message", "Another try", "the commit's message")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m, issue, client, err := f.at(cmd.Context(), cmp.Or(*login, up.Member), args[0])
		if err != nil {
			return err
		}
		pull, err := client.Pull(cmd.Context(), issue)
		if err != nil {
			return err
		}
		if *login == "" {
			if m, err = f.connect(pull.Author.Login); err != nil {
				return err
			}
		}
		head := pull.Head
		if err := m.push(cmd.Context(), change{repo: head.Repo, from: head.Ref, branch: head.Ref, message: *message, files: *files}); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s pushed to %v:%s, the branch of %v\n", m.login, head.Repo, head.Ref, issue)
		return nil
	}
	return cmd
}
