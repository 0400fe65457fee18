#!/usr/bin/env bash
# Builds keyfob and shows it: the tray app where there is a screen, the demo in the terminal where there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH="$PWD/target/tools/bin:$PATH"
target="${CARGO_TARGET_DIR:-target}"
if [[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]; then
    scripts/setup.sh run
    scripts/npm-packages.sh ui
    # Built anew only where something is newer: the app takes the window's files in, and is compiled again with them.
    if [[ ! -e ui/dist/index.html || -n "$(find ui/src ui/index.html ui/*.json ui/*.ts icons -newer ui/dist/index.html)" ]]; then
        (cd ui && npm run --silent build)
    fi
    cargo build --locked -p keyfob-app
    exec "$target/debug/keyfob-app" --show
fi
echo "No screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): showing the demo in the terminal." >&2
scripts/setup.sh cli
scripts/build-cli.sh
exec "$target/debug/keyfob" demo
