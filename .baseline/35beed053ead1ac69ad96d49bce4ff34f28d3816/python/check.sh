#!/usr/bin/env bash
# Checks the Python package: types, lint, format, tests as a package and as one vendored file, in the environment that
# scripts/python-venv.sh makes. FARCALL_PYTHON chooses another interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv=$(../scripts/python-venv.sh | tail -n 1)
bin=$venv/bin
[[ -d $bin ]] || bin=$venv/Scripts

"$bin/python" --version
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/python" -m pytest -q "$@"

if command -v node >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)'; then
  vendored=$(mktemp -d)
  trap 'rm -rf "$vendored"' EXIT
  node ../scripts/vendor-python.ts "$vendored/farcall.py"
  "$bin/mypy" --strict "$vendored/farcall.py"
  echo "The same tests with the vendored file:"
  FARCALL_VENDORED="$vendored" "$bin/python" -m pytest -q "$@"
else
  echo "Left out: the tests of the vendored file, which Node 22 or newer makes."
fi
