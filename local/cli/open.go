// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/github"
)

func newOpen(f folder) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "open BRANCH",
		Short:   "Open a pull request on the machine that is up",
		Example: "  cutwater open louder --file greet.sh=/tmp/greet.sh --title \"Greet louder\"",
		Args:    cobra.ExactArgs(1),
	}
	login := as(cmd)
	cmd.ValidArgsFunction = cobra.NoFileCompletions // a new branch
	files := cmd.Flags().StringArray("file", nil, "PATH=FILE: the pull request makes the repository's PATH the content of FILE; may be repeated")
	title := cmd.Flags().String("title", "A change", "the pull request's title")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m, err := f.connect(*login)
		if err != nil {
			return err
		}
		client, err := m.github(cmd.Context())
		if err != nil {
			return err
		}
		repo, err := client.Repository(cmd.Context(), m.repository())
		if err != nil {
			return err
		}
		branch := args[0]
		if err := m.push(cmd.Context(), change{repo: m.repository(), from: repo.DefaultBranch, branch: branch, message: *title, files: *files}); err != nil {
			return err
		}
		pull, err := client.CreatePull(cmd.Context(), m.repository(), github.NewPull{Title: *title, Head: branch, Base: repo.DefaultBranch})
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s opened %s\n", m.login, pull.HTMLURL)
		return nil
	}
	return cmd
}
