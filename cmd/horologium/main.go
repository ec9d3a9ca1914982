// SPDX-License-Identifier: Apache-2.0

// Horologium starts periodics. See package functions/horologium.
package main

import (
	"github.com/cutwater-ci/cutwater/functions/horologium"
	"github.com/cutwater-ci/cutwater/internal/function"
)

func main() { function.Main("horologium", horologium.New) }
