// SPDX-License-Identifier: Apache-2.0

// Sinker deletes old ProwJobs and pods. See package functions/sinker.
package main

import (
	"github.com/cutwater-ci/cutwater/functions/sinker"
	"github.com/cutwater-ci/cutwater/internal/function"
)

func main() { function.Main("sinker", sinker.New) }
