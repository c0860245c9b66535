#!/bin/sh
# Resolve all dependencies into lock files with hashes and without registry addresses:  sh scripts/lock.sh UV
set -eu
uv=$1
resolve() { # resolve OUTPUT ARGUMENTS...
  out=$1
  shift
  "$uv" pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --output-file "$out" "$@"
}
# One environment may hold everything, so the largest set is resolved first and the others follow it.
resolve requirements-full.lock pyproject.toml --all-extras --group build --group dev --group cluster
resolve requirements-dev.lock pyproject.toml --extra learn --extra kafka --group build --group dev --constraint requirements-full.lock
resolve requirements-image.lock pyproject.toml --extra learn --extra kafka --extra kubeflow --extra s3 --group build \
  --constraint requirements-full.lock
resolve requirements.lock pyproject.toml --extra learn --group build --constraint requirements-full.lock
grep -A 30 '^uv==' requirements-dev.lock | awk 'NR > 1 && !/^ /{exit} {print}' > requirements-uv.lock
