// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what is wanted in testdata")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cutwater": runCutwater})
}

// runCutwater is the program, at a moment that stands still.
func runCutwater() {
	root := New(os.Stdout, os.Stderr)
	still := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	for _, cmd := range root.Commands() {
		if name := cmd.Name(); name == "job" || name == "pod" {
			root.RemoveCommand(cmd)
		}
	}
	root.AddCommand(newJob(still), newPod(still))
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "cutwater: %v\n", err)
		os.Exit(ExitCode(err))
	}
}

// TestScripts runs command lines, whose output is compared byte for byte.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// git shall know nobody and nothing of this machine.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "Ann")
				env.Setenv("GIT_"+who+"_EMAIL", "ann@example.com")
			}
			return nil
		},
	})
}
