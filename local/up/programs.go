// SPDX-License-Identifier: Apache-2.0

package up

import (
	"context"
	"flag"
	"io"
	"net"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"

	"github.com/cutwater-ci/cutwater/controllers"
	"github.com/cutwater-ci/cutwater/functions/deck"
	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/functions/horologium"
	"github.com/cutwater-ci/cutwater/functions/plugins"
	"github.com/cutwater-ci/cutwater/functions/sinker"
	"github.com/cutwater-ci/cutwater/internal/function"
	"github.com/cutwater-ci/cutwater/local/mesh"
)

// programs is where images of our programs come from.
const programs = "ko://github.com/cutwater-ci/cutwater/cmd/"

// inProcess runs every function and the controller inside this process.
func inProcess(log *zap.SugaredLogger) mesh.Starter {
	return mesh.InProcess{
		Log: log,
		Functions: map[string]function.New{
			programs + "hook":       hook.New,
			programs + "horologium": horologium.New,
			programs + "plugins":    plugins.New,
			programs + "deck":       deck.New,
			programs + "sinker":     sinker.New,
		},
		Deployments: map[string]func(context.Context, function.Lookup) error{
			programs + "controller": runControllers,
		},
	}
}

// runControllers runs the controller without the server that its process has.
func runControllers(ctx context.Context, env function.Lookup) error {
	run, err := controllers.New(ctx, env)
	if err != nil {
		return err
	}
	return run(ctx)
}

// newLogger writes JSON lines, as the processes of a cluster do.
func newLogger(out io.Writer) *zap.SugaredLogger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.TimeKey = "time"
	encoder.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	encoder.EncodeDuration = zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.Lock(zapcore.AddSync(out)), zapcore.InfoLevel)).Sugar()
}

// klogTo has Kubernetes' client, which logs by klog, write where the rest does:
// klog's settings are the process's, and only flags reach them.
func klogTo(out io.Writer) error {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true"} {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	klog.SetOutput(out)
	return nil
}

// freeAddress is an address of 127.0.0.1 that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
