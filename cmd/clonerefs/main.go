// SPDX-License-Identifier: Apache-2.0

// Clonerefs clones the repositories of a job.
package main

import (
	"os"

	"github.com/cutwater-ci/cutwater/podutils/clonerefs"
	"github.com/cutwater-ci/cutwater/podutils/command"
)

func main() { os.Exit(clonerefs.Main(command.OS())) }
