#!/usr/bin/env bash
# Builds keyfob and shows it: the tray app where there is a screen, the demo in the terminal where there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh run
target="${CARGO_TARGET_DIR:-target}"
if [[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]; then
    (cd ui && { [[ -d node_modules ]] || npm ci --no-audit --no-fund --loglevel error; } && npm run --silent build)
    cargo build --locked -p keyfob-app
    exec "$target/debug/keyfob-app" --show
fi
echo "No screen here (neither DISPLAY nor WAYLAND_DISPLAY is set): showing the demo in the terminal." >&2
cargo build --locked -p keyfob-cli
exec "$target/debug/keyfob" demo
