#!/usr/bin/env bash
# Builds release binaries and prints keyfob's benchmarks, each as a ratio against a floor of the same run.
# usage: scripts/bench.sh [token|store|proxy|bridge|idle]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh bench
scripts/npm-packages.sh tests/parts
scripts/npm-packages.sh tests/real_clients
export KEYFOB_NODE="$PWD/tests/parts/node_modules/.bin/node"
scripts/build-cli.sh --release --quiet
cargo build --quiet --locked --release -p keyfob-tests --bins
cargo bench --quiet --locked -p keyfob-tests --bench keeper -- "$@"
