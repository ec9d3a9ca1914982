// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cutwater-ci/cutwater/functions/plugins"
)

func TestPageIsCurrent(t *testing.T) {
	have, err := os.ReadFile("../../docs/plugins.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page(plugins.All(plugins.Clients{})), string(have)); diff != "" {
		t.Errorf("docs/plugins.md is old: run make generate (-want, +have):\n%s", diff)
	}
}
