#!/usr/bin/env bash
# Builds release binaries and prints keyfob's benchmarks, each as a ratio against a floor of the same run.
# usage: scripts/bench.sh [token|store|proxy|idle]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --quiet --locked --release -p keyfob-cli
cargo build --quiet --locked --release -p keyfob-tests --bins
cargo bench --quiet --locked -p keyfob-tests --bench keeper -- "$@"
