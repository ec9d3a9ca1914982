// SPDX-License-Identifier: Apache-2.0

// Package deploy holds the manifests that install Cutwater: base, in apply
// order, and overlays, which fit it to a kind of cluster. kustomize reads them
// as files; the one-machine mode and the tests read base from here. (It is a
// folder of its own because kustomize refuses an overlay below its base.)
package deploy

import "embed"

// Files are the manifests of base, by their paths below deploy/.
//
//go:embed base
var Files embed.FS
