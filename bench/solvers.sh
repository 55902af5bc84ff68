#!/bin/sh
# Builds polyad and holds the sweeps of cpd and tucker against their targets; README.md says
# how. Arguments are those of polyad bench solvers, as --filter or --quick.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
trap 'exit 130' INT TERM
go build -o "$bin/polyad" ./cmd/polyad
"${PYTHON:-/usr/bin/python3}" bench/solvers.py "$bin/polyad" "$@"
