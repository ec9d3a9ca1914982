// SPDX-License-Identifier: Apache-2.0

// Sidecar uploads the logs and artifacts of a decorated pod.
package main

import (
	"os"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/sidecar"
)

func main() { os.Exit(sidecar.Main(command.OS())) }
