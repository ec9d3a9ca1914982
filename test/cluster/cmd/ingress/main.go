// SPDX-License-Identifier: Apache-2.0

// Ingress is the way into a test cluster's Knative Services; package
// test/cluster/ingress tells how.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"
	"k8s.io/client-go/rest"
	"knative.dev/pkg/logging"

	"github.com/cutwater-ci/cutwater/test/cluster/ingress"
)

func main() {
	log, err := zap.NewProduction()
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	config, err := rest.InClusterConfig()
	if err == nil {
		err = ingress.Run(logging.WithLogger(ctx, log.Sugar()), config)
	}
	if err != nil {
		log.Sugar().Fatalw("The ingress ended", "error", err)
	}
}
