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
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A finding is kept as an input. Without one, Go before 1.27 may take the end of
# the fuzzing itself for a failure (https://go.dev/issue/75804).
ended_in_time() {
  grep -qE '^ +context deadline exceeded$' "$log" && ! grep -q 'Failing input written' "$log" && ! grep -q '^panic' "$log"
}

grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "fuzz $target ($(dirname "$file"))"
    if go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime "$minimize" "$(dirname "$file")" >"$log" 2>&1; then
      tail -n 2 "$log"
    elif ended_in_time; then
      echo "nothing found until the time was over"
    else
      cat "$log"
      exit 1
    fi
  done
done
