#!/usr/bin/env bash
# Makes .venv, the Python environment of the tests, with the packages of scripts/python.txt; prints its path last. Does nothing
# where it is complete already; without Python or PyPI it fails. FARCALL_PYTHON names another Python than python3, whose
# environment is then .venv-<version>.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${FARCALL_PYTHON:-python3}
"$python" -c 'import sys; sys.exit("Python 3.10 or newer is needed") if sys.version_info < (3, 10) else None'
venv=.venv
[[ -z ${FARCALL_PYTHON:-} ]] || venv=.venv-$("$python" -c 'import platform; print(platform.python_version())')
# The mark of a complete environment: what was asked for, written last.
mark=$venv/farcall-requirements

if ! cmp --silent scripts/python.txt "$mark"; then
  # One that was interrupted has no mark, and is made again.
  rm -rf "$venv"
  "$python" -m venv "$venv"
  bin=$venv/bin
  [[ -d $bin ]] || bin=$venv/Scripts
  "$bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/python.txt
  "$bin/python" -c 'import cbor2, modal, pydantic; print("modal", modal.__version__, "pydantic", pydantic.VERSION)'
  cp scripts/python.txt "$mark"
fi
echo "$PWD/$venv"
