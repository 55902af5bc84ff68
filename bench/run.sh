#!/bin/sh
# Builds polyad and times it beside scikit-learn; README.md says what is measured
# and which flags there are. PYTHON chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
trap 'exit 130' INT TERM
go build -o "$bin/polyad" ./cmd/polyad
"${PYTHON:-/usr/bin/python3}" bench/compare.py --polyad "$bin/polyad" "$@"
