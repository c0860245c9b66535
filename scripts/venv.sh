#!/bin/sh
# Make a virtual environment with uv in it:  sh scripts/venv.sh PYTHON VENV
set -eu
python=$1
venv=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "tracetune needs Python 3.11 or newer; this is $("$python" --version). Say which one to use: make PYTHON=python3.11" >&2
  exit 1
}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  # Debian ships ensurepip in a package of its own.
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's python3-venv ..." >&2
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
  else
    echo "Python's venv module is not complete; run: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-uv.lock
