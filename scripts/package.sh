#!/usr/bin/env bash
# Builds keyfob and packs it: the tray app, the command line, manual pages, completions, desktop entry, icons and a user
# unit. What comes out is named in the last line.
# usage: scripts/package.sh [--debug] [deb|rpm|appimage...]     without a name: deb
#   --debug   packs what is built for tests, in seconds; for trying the package, not for daily use
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH="$PWD/target/tools/bin:$PATH"
target="${CARGO_TARGET_DIR:-$PWD/target}"
staged=target/package
profile=release
cargo_profile=(--release)
if [[ "${1:-}" == --debug ]]; then
    profile=debug
    cargo_profile=()
    shift
fi
(($# > 0)) || set -- deb

# What the package takes besides the app; its places are named in src-tauri/tauri.conf.json.
stage() {
    rm -rf "$staged"
    mkdir -p "$staged/bin" "$staged/completions" "$staged/man1"
    install -m 0755 -t "$staged/bin" "$target/$profile/keyfob" "$target/$profile/keyfob-cli"
    if [[ $profile == debug ]]; then strip --strip-debug "$staged"/bin/*; fi
    "$staged/bin/keyfob" man "$staged/man1" 2>/dev/null
    cp src-tauri/package/keyfob-app.1 "$staged/man1"
    gzip --best --no-name "$staged"/man1/*.1
    "$staged/bin/keyfob" completions bash >"$staged/completions/keyfob"
    "$staged/bin/keyfob" completions fish >"$staged/completions/keyfob.fish"
    "$staged/bin/keyfob" completions zsh >"$staged/completions/_keyfob"
}

scripts/setup.sh package
scripts/npm-packages.sh ui >&2
(cd ui && npm run --silent build >&2)
scripts/build-cli.sh "${cargo_profile[@]}" >&2
if [[ $profile == release ]]; then
    cargo build --locked --release -p keyfob-app --features tauri/custom-protocol
else
    cargo build --locked -p keyfob-app
fi
stage
bundles="$(IFS=,; echo "$*")"
flags=(--ci --bundles "$bundles")
if [[ $profile == debug ]]; then flags+=(--debug); fi
(cd src-tauri && CARGO_TARGET_DIR="$target" tauri bundle "${flags[@]}" >&2)
find "$target/$profile/bundle" -maxdepth 2 -type f \( -name '*.deb' -o -name '*.rpm' -o -name '*.AppImage' \) -newer "$staged/bin/keyfob"
