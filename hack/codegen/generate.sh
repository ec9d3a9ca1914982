#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Generates what follows from the ProwJob types: deep copies, the CRD, and the
# typed client with its listers, informers, injection and reconciler.
set -euo pipefail
cd "$(dirname "$0")/../.."

module=github.com/cutwater-ci/cutwater
types=$module/apis/prowjobs/v1
client=$module/internal/client
header=hack/codegen/boilerplate.go.txt
tool() { go tool -modfile=hack/codegen/go.mod "$@"; }

rm -rf internal/client
tool deepcopy-gen --go-header-file "$header" --output-file zz_generated.deepcopy.go ./apis/prowjobs/v1
tool client-gen --go-header-file "$header" --clientset-name versioned --input-base "$module/apis" \
  --input prowjobs/v1 --output-pkg "$client/clientset" --output-dir internal/client/clientset
tool lister-gen --go-header-file "$header" --output-pkg "$client/listers" --output-dir internal/client/listers ./apis/prowjobs/v1
tool informer-gen --go-header-file "$header" --versioned-clientset-package "$client/clientset/versioned" \
  --listers-package "$client/listers" --output-pkg "$client/informers" --output-dir internal/client/informers ./apis/prowjobs/v1
tool injection-gen --go-header-file "$header" --versioned-clientset-package "$client/clientset/versioned" \
  --external-versions-informers-package "$client/informers/externalversions" --listers-package "$client/listers" \
  --output-package "$client/injection" --output-dir internal/client/injection \
  --input-dirs "$types"
tool controller-gen crd paths=./apis/prowjobs/v1 output:crd:dir=deploy/base/crd
