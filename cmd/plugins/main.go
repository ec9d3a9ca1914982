// SPDX-License-Identifier: Apache-2.0

// Plugins is the function that gives every event to the plugins enabled for its
// repository. Its environment is plugins.Environment.
package main

import (
	"github.com/cutwater-ci/cutwater/functions/plugins"
	"github.com/cutwater-ci/cutwater/internal/function"
)

func main() { function.Main("plugins", plugins.New) }
