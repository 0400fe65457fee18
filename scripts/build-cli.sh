#!/usr/bin/env bash
# Builds the command line: `keyfob-cli`, and the small `keyfob` before it, which on Linux carries the C library's part that it
# needs. Without a loader it is done before others have begun (docs/adr/0017); where no static C library is installed it is
# linked as usual, and only starts later.
# usage: scripts/build-cli.sh [--release] [--quiet]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Not a word of the compiler is hidden: only of this question to the linker.
links_statically() {
    [[ "$(rustc -vV | sed -n 's/^host: //p')" == *-linux-gnu ]] || return 1
    echo 'int main(void) { return 0; }' | cc -static-pie -x c - -o /dev/null 2>/dev/null
}

cargo build --locked "$@" -p keyfob-cli --bin keyfob-cli
if links_statically; then
    cargo rustc --locked "$@" -p keyfob-cli --bin keyfob -- -C target-feature=+crt-static
else
    echo "no static C library here (libc.a): keyfob is linked to the system's one, and starts a little later" >&2
    cargo build --locked "$@" -p keyfob-cli --bin keyfob
fi
