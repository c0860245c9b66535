#!/bin/sh
# Builds the report's script and style and the live pages anew from web/ and compares them byte for byte with the committed ones.
set -eu
cd "$(dirname "$0")"
report=../src/tracetune/sinks/static
pages=../src/tracetune/api/static
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm ci --silent --no-audit --no-fund
npm run --silent check
TRACETUNE_STATIC="$built/report" TRACETUNE_PAGES="$built/pages" npm run --silent build
for part in report pages; do
  eval "committed=\$$part"
  if ! diff -rq "$committed" "$built/$part"; then
    echo "$committed is not what web/ builds: run 'make ui' and commit the result" >&2
    exit 1
  fi
done
