#!/bin/sh
# Walk the steps of deploy/Dockerfile in a scratch folder, where there is no engine to build it:  sh scripts/image_steps.sh PYTHON UV
set -eu
python=$1
uv=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r pyproject.toml README.md LICENSE CHANGELOG.md requirements-image.lock "$scratch"
mkdir "$scratch/src" && git archive HEAD src/tracetune | tar -x -C "$scratch"
"$python" -m venv "$scratch/venv"
"$uv" pip install --quiet --python "$scratch/venv/bin/python" --require-hashes --requirement "$scratch/requirements-image.lock"
(cd "$scratch" && "$OLDPWD/$uv" pip install --quiet --python venv/bin/python --no-deps --no-build-isolation .)
env --ignore-environment HOME="$scratch" TRACETUNE_SERVE_DIRECTORY="$scratch/data" "$scratch/venv/bin/tracetune" version
echo "the image's steps end with a command that runs; the base image, the user and the health check were not tried"
