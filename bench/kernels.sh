#!/bin/sh
# Builds polyad and holds its kernels against their floors; README.md says how. Arguments
# are --runs N, which comes first, and those of polyad bench kernels, as --filter or --quick.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
trap 'exit 130' INT TERM
go build -o "$bin/polyad" ./cmd/polyad
"${PYTHON:-/usr/bin/python3}" bench/kernels.py "$bin/polyad" "$@"
