// SPDX-License-Identifier: Apache-2.0

// Initupload tells the bucket that a run began.
package main

import (
	"os"

	"github.com/cutwater-ci/cutwater/podutils/command"
	"github.com/cutwater-ci/cutwater/podutils/initupload"
)

func main() { os.Exit(initupload.Main(command.OS())) }
