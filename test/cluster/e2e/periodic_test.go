// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import "testing"

func periodic(t *testing.T, w *world) {}
