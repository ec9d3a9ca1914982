#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The end-to-end tests on a real cluster: starts one, installs Cutwater there,
# tests, and removes it. With NAME it tests on the cluster of that name, which
# stands and stays; RUN picks stories, as RUN=/periodic.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname)" != Linux ] || [ "$(id -u)" != 0 ]; then
  echo "make e2e needs root on Linux, since it starts a Kubernetes" >&2
  exit 1
fi
name=${NAME:-e2e}
state=/var/lib/cutwater-clusters/$name
dir=$(mktemp -d /var/tmp/cutwater-e2e.XXXXXX)
ok=

finish() {
  trap - EXIT
  [ ! -e "$dir/figures.txt" ] || cat "$dir/figures.txt"
  if [ -z "$ok" ] && [ -d "$state/log" ]; then
    cp -r "$state/log" "$dir/cluster"
  fi
  if [ -z "${NAME:-}" ] && [ -x "$dir/program" ]; then
    "$dir/program" --name "$name" down || ok=
  fi
  rm -f "$dir/program"
  if [ -n "$ok" ]; then
    rm -rf "$dir"
    return
  fi
  echo "--- the last errors that pods of Cutwater printed:" >&2
  grep -hs '"level":"error"' "$dir"/pods/*.log | cut -c 1-500 | tail -n 30 >&2 || true
  echo "--- what the cluster and its pods printed, events and ProwJobs are in $dir" >&2
  exit 1
}
trap finish EXIT
trap 'exit 130' INT TERM

go build -o "$dir/program" ./test/cluster
if [ -z "${NAME:-}" ]; then
  "$dir/program" --name "$name" up
fi
E2E_CLUSTER=$name E2E_DIR=$dir go test -tags e2e -exec "nsenter --net=/run/netns/cutwater-$name" \
  -count 1 -timeout 60m -v -run "TestCluster${RUN:-}" ./test/cluster/e2e
ok=1
