// SPDX-License-Identifier: Apache-2.0

// Entrypoint wraps the test process of a decorated pod.
package main

import (
	"os"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/entrypoint"
)

func main() { os.Exit(entrypoint.Main(command.OS())) }
