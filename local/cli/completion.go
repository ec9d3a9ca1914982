// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/local/up"
)

// pulls completes a first argument that is the number of a pull request: with
// the open ones, if a machine is up.
func (f folder) pulls(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const no = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, no
	}
	m, err := f.connect(up.Member)
	if err != nil {
		return nil, no
	}
	client, err := m.github(cmd.Context())
	if err != nil {
		return nil, no
	}
	open, err := client.OpenPulls(cmd.Context(), m.repository())
	if err != nil {
		return nil, no
	}
	var numbers []cobra.Completion
	for _, pull := range open {
		numbers = append(numbers, cobra.CompletionWithDesc(strconv.Itoa(pull.Number), pull.Title))
	}
	return numbers, no
}

// completeAs completes the flag that says who does it.
func completeAs(cmd *cobra.Command) {
	people := []cobra.Completion{
		cobra.CompletionWithDesc(up.Member, "a member of the organisation"),
		cobra.CompletionWithDesc(up.Stranger, "not a member"),
	}
	must(cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions(people, cobra.ShellCompDirectiveNoFileComp)))
}

// must is for errors that only a misspelt flag can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
