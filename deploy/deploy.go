// SPDX-License-Identifier: Apache-2.0

// Package deploy holds the manifests that install Cutwater, in apply order.
// `kubectl apply -k deploy/` reads them as files; the one-machine mode and the
// tests read the same files from here.
package deploy

import "embed"

// Files are the manifests, by their paths below deploy/.
//
//go:embed *.yaml crd
var Files embed.FS
