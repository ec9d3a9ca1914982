// SPDX-License-Identifier: Apache-2.0

// Package command holds the commands of the program test/cluster.
//
// Started by people, make and CI. Changes what package cluster changes.
package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cutwater-ci/cutwater/test/cluster/cluster"
)

// New returns the root command.
func New(in io.Reader, out, err io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "cluster",
		Short:         "A real Kubernetes of one node on this machine, for tests",
		Long:          "A real Kubernetes of one node on this machine, for tests, in a network namespace of its own,\nwith Knative and the working tree's Cutwater on it. Needs root. The first start builds all\nprograms, which takes about half an hour on two cores.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(err)
	opts := cluster.Options{Progress: err}
	root.PersistentFlags().StringVar(&opts.Name, "name", "dev", "name of the cluster, which tells it from others on this machine")
	root.PersistentFlags().StringVar(&opts.State, "state", cluster.DefaultState, "folder that holds the clusters' folders")
	root.AddCommand(newUp(&opts), newDown(&opts), newStatus(&opts), newKubeconfig(&opts), newExec(&opts))
	return root
}

func newUp(opts *cluster.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start what does not run of the cluster, install Knative and Cutwater, and return when all is ready",
		Args:  cobra.NoArgs,
	}
	only := cmd.Flags().String("only", everything, "how far to go: core (Kubernetes alone), knative, or cutwater")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !slices.Contains([]string{onlyCore, onlyKnative, everything}, *only) {
			return fmt.Errorf("--only is core, knative or cutwater, not %q", *only)
		}
		started := time.Now()
		c, err := cluster.Start(cmd.Context(), *opts)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "the node is ready, %s\n", time.Since(started).Round(100*time.Millisecond))
		if err := installOn(cmd.Context(), c, *only, cmd.ErrOrStderr()); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "The cluster %s is ready after %s; it runs until \"down\". Reach it with:\n  nsenter --net=%s kubectl --kubeconfig %s get pods -A\n",
			opts.Name, time.Since(started).Round(100*time.Millisecond), c.Namespace(), c.Kubeconfig())
		return nil
	}
	return cmd
}

func newDown(opts *cluster.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End everything that was started for the cluster, and remove its data",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cluster.Stop(cmd.Context(), *opts)
		},
	}
}

func newStatus(opts *cluster.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say which parts of the cluster run, and fail if one does not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := cluster.Open(*opts)
			if err != nil {
				return err
			}
			for _, part := range c.Parts() {
				state := "does not run; see " + part.Log()
				if pid, running := part.Running(); running {
					state = fmt.Sprintf("runs as process %d", pid)
				} else {
					err = errors.New("not all parts run")
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%-24s %s\n", part.Name(), state)
			}
			return err
		},
	}
}

func newKubeconfig(opts *cluster.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of an administrator's kubeconfig, which works in the cluster's network namespace",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := cluster.Open(*opts)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), c.Kubeconfig())
			return nil
		},
	}
}

// Exit is the error of a command that was run and failed.
type Exit struct{ Code int }

func (e Exit) Error() string { return fmt.Sprintf("the command exited with %d", e.Code) }

func newExec(opts *cluster.Options) *cobra.Command {
	return &cobra.Command{
		Use:     "exec -- COMMAND [ARG...]",
		Short:   "Run a command in the cluster's network namespace, with KUBECONFIG set",
		Example: "  cluster exec -- kubectl get pods -A",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := cluster.Open(*opts)
			if err != nil {
				return err
			}
			child := exec.CommandContext(cmd.Context(), args[0], args[1:]...)
			child.Stdin, child.Stdout, child.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			child.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig())
			if err := c.Do(child.Start); err != nil {
				return err
			}
			err = child.Wait()
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.Exited() {
				return Exit{exit.ExitCode()}
			}
			return err
		},
	}
}
