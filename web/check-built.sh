#!/bin/sh
# Builds the report's script and style anew from web/ and compares them byte for byte with the committed ones.
set -eu
cd "$(dirname "$0")"
committed=../src/tracetune/sinks/static
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm ci --silent --no-audit --no-fund
npm run --silent check
TRACETUNE_STATIC="$built" npm run --silent build -- --logLevel error
if ! diff -rq "$committed" "$built"; then
  echo "$committed is not what web/ builds: run 'make ui' and commit the result" >&2
  exit 1
fi
