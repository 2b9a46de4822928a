#!/bin/sh
# Checks the Python package: types, lint, format, tests as a package and as one vendored file. Makes python/.venv once.
# PYTHON chooses the interpreter; the venv of another one than the default lies in .venv-<version>.
set -eu
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
version="$("$python" -c 'import platform; print(platform.python_version())')"
venv=".venv"
if [ -n "${PYTHON:-}" ]; then venv=".venv-$version"; fi
bin="$venv/bin"
if [ ! -x "$bin/python" ]; then "$python" -m venv "$venv"; fi
if [ ! -e "$venv/.installed" ] || [ check.sh -nt "$venv/.installed" ]; then
  "$bin/python" -m pip install --quiet --disable-pip-version-check pytest mypy ruff 'modal==1.6.*' pydantic cbor2 typing_extensions
  touch "$venv/.installed"
fi

echo "Python $version"
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/python" -m pytest -q "$@"

if command -v node >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)'; then
  vendored="$(mktemp -d)"
  trap 'rm -rf "$vendored"' EXIT
  node ../scripts/vendor-python.ts "$vendored/farcall.py"
  "$bin/mypy" --strict "$vendored/farcall.py"
  echo "The same tests with the vendored file:"
  FARCALL_VENDORED="$vendored" "$bin/python" -m pytest -q "$@"
else
  echo "Left out: the tests of the vendored file, which Node 22 or newer makes."
fi
