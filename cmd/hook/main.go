// SPDX-License-Identifier: Apache-2.0

// Hook receives GitHub's webhooks. See package functions/hook.
package main

import (
	"github.com/cutwater-ci/cutwater/functions/hook"
	"github.com/cutwater-ci/cutwater/internal/function"
)

func main() { function.Main("hook", hook.New) }
