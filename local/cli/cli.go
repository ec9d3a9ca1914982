// SPDX-License-Identifier: Apache-2.0

// Package cli holds the commands of the program cutwater, one file each.
//
// Started by people. `cutwater up` and run change what package local/up does;
// job, pod, diff and check read a configuration and print; the others talk to a
// machine that is up. In Prow: phony, mkpj, mkpod and phaino, in part.
package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/internal/github"
	"github.com/cutwater-ci/cutwater/local/up"
)

// New returns the root command, which writes to out and err.
func New(out, err io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "cutwater",
		Short:         "Prow's chat-ops, jobs and merge automation, on one machine",
		Long:          "Cutwater is Prow on Knative. This program runs all of it on one machine and talks to it.\nStart with `cutwater up`.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(out)
	root.SetErr(err)
	state := root.PersistentFlags().String("state", "", "folder of the machine's state (default: $XDG_STATE_HOME/cutwater or ~/.local/state/cutwater)")
	must(root.MarkPersistentFlagDirname("state"))
	folder := func() (string, error) {
		if *state != "" {
			return *state, nil
		}
		return up.DefaultState()
	}
	root.AddCommand(
		newUp(folder),
		newComment(folder),
		newOpen(folder),
		newPush(folder),
		newMerge(folder),
		newJobs(folder),
		newDeliveries(folder, time.Now),
		newJob(time.Now),
		newPod(time.Now),
		newDiff(),
		newRun(folder, time.Now),
		newCheck(),
		newDoctor(folder),
		newGitHubApp(),
		newVersion(),
	)
	return root
}

// folder says where the state is.
type folder func() (string, error)

// machine is a running machine, as one of its people sees it.
type machine struct {
	up.Connection
	login string
	token string
}

// connect finds the machine and speaks as the login.
func (f folder) connect(login string) (*machine, error) {
	dir, err := f()
	if err != nil {
		return nil, err
	}
	connection, err := up.Connect(dir)
	if err != nil {
		return nil, err
	}
	token, ok := connection.Tokens[login]
	if !ok {
		return nil, fmt.Errorf("nobody on this machine's GitHub is called %q; there are %v", login, people(connection.Tokens))
	}
	return &machine{Connection: connection, login: login, token: token}, nil
}

// at connects as the login, and finds the issue or pull request that an
// argument names.
func (f folder) at(ctx context.Context, login, number string) (*machine, github.Issue, *github.Client, error) {
	m, err := f.connect(login)
	if err != nil {
		return nil, github.Issue{}, nil, err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return nil, github.Issue{}, nil, fmt.Errorf("%q is not the number of a pull request", number)
	}
	client, err := m.github(ctx)
	return m, github.Issue{Org: m.Org, Repo: m.Repo, Number: n}, client, err
}

// repository is the machine's one repository.
func (m *machine) repository() github.Repo { return github.Repo{Org: m.Org, Name: m.Repo} }

// as adds the flag that says who speaks.
func as(cmd *cobra.Command) *string {
	login := cmd.Flags().String("as", up.Member, "who does it; "+up.Stranger+" is not a member of the organisation")
	completeAs(cmd)
	return login
}
