#!/bin/sh
# Tests greet.sh, and leaves a report among the artifacts.
set -eu
got=$(sh greet.sh prow)
mkdir -p "${ARTIFACTS:-.}"
echo "greet.sh prow printed: $got" | tee "${ARTIFACTS:-.}/report.txt"
case $got in
*prow*) echo PASS ;;
*)
  echo "FAIL: it does not greet by name"
  exit 1
  ;;
esac
