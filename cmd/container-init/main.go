// SPDX-License-Identifier: Apache-2.0

// Container-init becomes a container of the one-machine mode: local/node starts
// it, it sets up its namespaces and mounts, and turns into the container's
// command. It is a program of its own because a small one starts faster.
package main

import (
	"fmt"
	"os"

	"github.com/cutwater-ci/cutwater/local/node/sandbox"
)

func main() {
	sandbox.Main() // does not return in a container
	fmt.Fprintln(os.Stderr, "container-init is started by the node of `cutwater up`, not by people")
	os.Exit(2)
}
