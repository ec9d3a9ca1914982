#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The fast checks: whatever make fmt or make generate would change is an error.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
ours() { # but those that were removed
  comm -23 <(git ls-files --cached --others --exclude-standard "$1" | sort -u) <(git ls-files --deleted | sort) |
    grep -v -e '^internal/client/' -e zz_generated
}
expect_nothing() { # what it means, what was printed
  local said
  said=$(grep -v '^go: downloading ' <<<"$2") # only the first time
  if [ -n "$said" ]; then
    printf '%s:\n%s\n' "$1" "$said" >&2
    failed=1
  fi
}

# shellcheck disable=SC2046
expect_nothing 'not formatted; run make fmt' "$(go tool -modfile=hack/tools/go.mod gofumpt -l $(ours '*.go') 2>&1)"
expect_nothing 'go vet' "$(go vet -tags e2e ./... 2>&1)"
expect_nothing 'go fix would change' "$(go fix -tags e2e -diff $(go list -tags e2e ./... | grep -v /internal/client/) 2>&1)"
for mod in go.mod hack/*/go.mod; do
  expect_nothing "$mod is not tidy" "$(cd "$(dirname "$mod")" && go mod tidy -diff 2>&1)"
done

# make generate must change nothing.
before=$(git status --porcelain; git diff | sha256sum)
if ! said=$(make --no-print-directory generate 2>&1); then
  expect_nothing 'make generate failed' "$said"
fi
after=$(git status --porcelain; git diff | sha256sum)
[ "$before" = "$after" ] || expect_nothing 'generated files are stale; commit what make generate changes' "$(git status --porcelain)"

go test ./internal/house/ || failed=1
exit $failed
