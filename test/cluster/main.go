// SPDX-License-Identifier: Apache-2.0

// Cluster is the command that starts and stops a real Kubernetes of one node on
// this machine, for tests. Package test/cluster/command has its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cutwater-ci/cutwater/test/cluster/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command.New(os.Stdin, os.Stdout, os.Stderr).ExecuteContext(ctx)
	var exit command.Exit
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.Code) // it has said why
	case err != nil:
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		os.Exit(1)
	}
}
