// SPDX-License-Identifier: Apache-2.0

// Cutwater is the command for people: it brings Cutwater up on one
// machine, and talks to what it brought up. Package local/cli has its commands.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cutwater-ci/cutwater/local/cli"
	"github.com/cutwater-ci/cutwater/local/node"
)

func main() {
	node.RunIfInit() // containers start as this program, set themselves up, and become their command
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // else nohup asks to stay
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	if err := cli.New(os.Stdout, os.Stderr).ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "cutwater: %v\n", err)
		os.Exit(cli.ExitCode(err))
	}
}
