#!/usr/bin/env bash
# Makes .venv-modal, a Python environment with Modal's client, pydantic and cbor2, for the tests that run the real
# `modal deploy` and Modal's real containers. Does nothing where it is there already; without Python it fails.
# FARCALL_PYTHON names the Python to use; python3 otherwise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${FARCALL_PYTHON:-python3}
venv=.venv-modal
requirements=("modal==1.6.*" "pydantic>=2,<3" "cbor2")
# The mark of a complete environment: what was asked for, written last.
mark=$venv/farcall-requirements
wanted="${requirements[*]}"

if [[ -f $mark && $(<"$mark") == "$wanted" ]]; then
  echo "$venv is up to date"
  exit
fi
"$python" -c 'import sys; sys.exit("modal needs Python 3.10 or newer") if sys.version_info < (3, 10) else None'
# One that was interrupted has no mark, and is made again.
rm -rf "$venv"
"$python" -m venv "$venv"
bin=$venv/bin
[[ -d $bin ]] || bin=$venv/Scripts
"$bin/python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}"
"$bin/python" -c 'import cbor2, modal, pydantic; print("modal", modal.__version__, "pydantic", pydantic.VERSION)'
echo "$wanted" >"$mark"
