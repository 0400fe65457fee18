#!/usr/bin/env bash
# Builds release binaries and prints keyfob's benchmarks, each as a ratio against a floor of the same run.
# usage: scripts/bench.sh [token|store|proxy|bridge|idle|window]
#   window   the tray app beside a bare Tauri app, on a desktop without a screen; alone, without the others
#            KEYFOB_BENCH_PROFILE=dev takes debug builds: to see that it runs, never for its figures
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The app with the page it shows, and the least app that Tauri can make, both on one desktop.
bench_window() {
    local build=(--release) bench=() host
    if [[ "${KEYFOB_BENCH_PROFILE:-release}" == dev ]]; then build=() bench=(--profile dev); fi
    scripts/setup.sh test desktop
    scripts/npm-packages.sh ui
    (cd ui && npm run --silent build >/dev/null)
    cargo build --quiet --locked "${build[@]}" -p keyfob-app --bin keyfob-app --example bare_window
    host="$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')"
    env "CARGO_TARGET_${host}_RUNNER=$PWD/scripts/desktop.sh" \
        cargo bench --quiet --locked "${bench[@]}" -p keyfob-tests --bench keeper -- window
}

if [[ "${1:-}" == window ]]; then
    bench_window
    exit
fi
scripts/setup.sh bench
scripts/npm-packages.sh tests/parts
scripts/npm-packages.sh tests/real_clients
export KEYFOB_NODE="$PWD/tests/parts/node_modules/.bin/node"
scripts/build-cli.sh --release --quiet
cargo build --quiet --locked --release -p keyfob-tests --bins
cargo bench --quiet --locked -p keyfob-tests --bench keeper -- "$@"
