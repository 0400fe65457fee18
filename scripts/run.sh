#!/usr/bin/env bash
# Builds keyfob and shows it: the tray app where there is a screen, the demo in the terminal where there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH="$PWD/target/tools/bin:$PATH"
target="${CARGO_TARGET_DIR:-target}"
if [[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]; then
    scripts/setup.sh run
    scripts/npm-packages.sh ui
    (cd ui && npm run --silent build)
    cargo build --locked -p keyfob-app
    exec "$target/debug/keyfob-app" --show
fi
echo "No screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): showing the demo in the terminal." >&2
scripts/setup.sh cli
cargo build --locked -p keyfob-cli
exec "$target/debug/keyfob" demo
