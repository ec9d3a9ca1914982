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
network=/run/netns/cutwater-$name
if [ -n "${NAME:-}" ] && [ ! -e "$network" ]; then
  echo "there is no cluster $name; start it with: make cluster-up ARGS=\"--name $name\"" >&2
  exit 1
fi
# Two on one cluster would disturb each other, and the first to end removes it.
exec 9>"/run/lock/cutwater-e2e-$name"
if ! flock --nonblock 9; then
  echo "another make e2e tests on the cluster $name; wait for its end" >&2
  exit 1
fi
dir=$(mktemp -d /var/tmp/cutwater-e2e.XXXXXX)
ok=

finish() {
  trap - EXIT
  trap '' HUP INT TERM PIPE # nothing, not even that nobody reads this, keeps the cluster from being removed
  set +e
  if [ -z "$ok" ] && [ -d "$state/log" ]; then
    cp -r "$state/log" "$dir/cluster"
  fi
  if [ -z "${NAME:-}" ] && [ -x "$dir/program" ] && ! run "$dir/program" --name "$name" down; then
    echo "--- the cluster is not removed; try: make cluster-down ARGS=\"--name $name\"" >&2
    ok=
  fi
  rm -f "$dir/program"
  [ ! -e "$dir/figures.txt" ] || cat "$dir/figures.txt"
  if [ -n "$ok" ]; then
    rm -rf "$dir"
    return
  fi
  echo "--- the last errors that pods of Cutwater printed:" >&2
  grep -hs '"level":"error"' "$dir"/pods/*.log | cut -c 1-500 | tail -n 30 >&2
  echo "--- what the cluster and its pods printed, events, ProwJobs and their pods are in $dir" >&2
  exit 1
}

# run runs a command as a process group of its own, which ends with this script:
# bash would wait for the end of the command before it heeds a signal.
run() {
  set -m
  "$@" 9>&- </dev/null &
  child=$!
  set +m
  wait "$child"
}
child=

interrupted() {
  trap '' HUP INT TERM
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null && wait "$child"
  fi
  exit 130
}
trap finish EXIT
trap interrupted HUP INT TERM

run go build -o "$dir/program" ./test/cluster
if [ -z "${NAME:-}" ]; then
  run "$dir/program" --name "$name" down # what one that was killed has left
  run "$dir/program" --name "$name" up
fi
E2E_CLUSTER=$name E2E_DIR=$dir run go test -tags e2e -exec "nsenter --net=$network" \
  -count 1 -timeout 60m -v -run "TestCluster${RUN:-}" ./test/cluster/e2e
ok=1
