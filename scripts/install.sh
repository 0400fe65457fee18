#!/usr/bin/env bash
# Builds keyfob for daily use and puts it into PREFIX/bin, usually ~/.local/bin: the command line always, the tray app
# where there is a screen or with --app. Nothing else is changed; to take it away, delete the files it names.
# usage: [PREFIX=DIR] scripts/install.sh [--app]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH="$PWD/target/tools/bin:$PATH"
target="${CARGO_TARGET_DIR:-target}"
bin="${PREFIX:-$HOME/.local}/bin"
programs=(keyfob keyfob-cli)
if [[ "${1:-}" == --app || -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]; then
    programs+=(keyfob-app)
    scripts/setup.sh run
    scripts/npm-packages.sh ui
    (cd ui && npm run --silent build)
else
    scripts/setup.sh cli
fi
echo "Building for daily use: several minutes." >&2
scripts/build-cli.sh --release
if [[ " ${programs[*]} " == *" keyfob-app "* ]]; then
    cargo build --release --locked -p keyfob-app
fi
mkdir -p "$bin"
for program in "${programs[@]}"; do
    install -m 0755 "$target/release/$program" "$bin/$program"
    echo "installed: $bin/$program" >&2
done
case ":$PATH:" in
    *":$bin:"*) ;;
    *) echo "$bin is not on your PATH: log in again (Debian adds it then), or call the programs by their whole path." >&2 ;;
esac
