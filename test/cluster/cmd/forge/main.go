// SPDX-License-Identifier: Apache-2.0

// Forge is the GitHub of a test cluster; package test/cluster/forge tells what
// it does.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sethvargo/go-envconfig"
	"go.uber.org/zap"

	"github.com/cutwater-ci/cutwater/test/cluster/forge"
)

func main() {
	log, err := zap.NewProduction()
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var env forge.Environment
	if err = envconfig.Process(ctx, &env); err == nil {
		err = forge.Run(ctx, env)
	}
	if err != nil {
		log.Sugar().Fatalw("The forge ended", "error", err)
	}
}
