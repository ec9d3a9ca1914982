// SPDX-License-Identifier: Apache-2.0

// Deck is the web page of runs; see functions/deck.
package main

import (
	"github.com/cutwater-ci/cutwater/functions/deck"
	"github.com/cutwater-ci/cutwater/internal/function"
)

func main() { function.Main("deck", deck.New) }
