#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target for FUZZTIME (default 5s): Go fuzzes one at a time.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzztime=${FUZZTIME:-5s}
# Go's default spends up to a minute on making each interesting input smaller,
# which is most of the time there is.
minimize=5x
grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "fuzz $target ($(dirname "$file"))"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime "$minimize" "$(dirname "$file")" >/tmp/cutwater-fuzz.$$ 2>&1 || {
      cat /tmp/cutwater-fuzz.$$
      rm -f /tmp/cutwater-fuzz.$$
      exit 1
    }
    tail -n 2 /tmp/cutwater-fuzz.$$
    rm -f /tmp/cutwater-fuzz.$$
  done
done
