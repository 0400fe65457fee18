#!/usr/bin/env bash
# Runs every check of this project, stage by stage, and stops at the first that fails.
# usage: scripts/test.sh [STAGE...]    without a stage: all of them, in the order of STAGES
#        scripts/test.sh --list        the stages and what each one does
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

STAGES=(fmt clippy deny ui unit doc real clients faults app desktop package)
DEEP=(deep_rules deep_store deep_calls deep_faults deep_servers deep_crashes)

describe() {
    cat <<'TEXT'
fmt      Rust formatting, and that the security checklist names today's tests
clippy   Rust lints, the desktop app left for its own stage
deny     licences, sources and bans of every dependency; advisories where their database can be reached
ui       types, lints, unit tests and build of ui/; then the window in a browser: journeys, every view at every width, axe-core, approved pictures
unit     unit tests and journeys of every crate but the desktop app
doc      documentation tests, among them that secrets do not compile where they must not
real     portals on real authorization servers, keyfob against them, and the official conformance suite
clients  Claude Code, Codex, Gemini CLI, opencode, the Inspector and both SDKs (1.3 GB of packages), linked in every way and connected
faults   broken networks, strange servers, many callers at once, hostile bytes and thirty days of all; the command killed at each of its system calls
app      lints and tests of the desktop app
desktop  the real app in a whole desktop without a screen
package  CI only, for it changes the machine: apt installs the package, its desktop entry starts, apt removes it

Not part of the whole run; deep stands for all of the above and these, the same properties with many more cases:
deep_rules    20,000 cases for each rule
deep_store    readers and writers of one file for a long time
deep_calls    ten thousand calls through the proxy and the bridge
deep_faults   the long soak, and two minutes (KEYFOB_FUZZ_SECONDS) for each fuzz target
deep_servers  100,000 servers that lie, and as many worlds in which portals move
deep_crashes  every crash point with all three stores, three times
TEXT
}

PATH="$PWD/target/tools/bin:$PATH"
PARTS="$PWD/tests/parts"
TARGET="${CARGO_TARGET_DIR:-$PWD/target}"
if [[ -t 1 ]]; then export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-always}"; else export CARGO_TERM_COLOR=never; fi
# A build from nothing never comes back to its increments.
if [[ -n "${CI:-}" ]]; then export CARGO_INCREMENTAL=0; fi
# What the tests start; one place says where it lies.
export KEYFOB_BIN="$TARGET/debug/keyfob" KEYFOB_APP_BIN="$TARGET/debug/keyfob-app"
export KEYFOB_PARTS="$PARTS" KEYFOB_NODE="$PARTS/node_modules/.bin/node"
export KEYFOB_MCP_PYTHON="$PWD/target/tools/mcp-python"

need() {
    [[ -e "$1" ]] || {
        printf 'missing: %s (%s)\n' "$1" "$2" >&2
        exit 1
    }
}

# has_test_target NAME: whether keyfob-tests has this test binary yet.
has_test_target() {
    cargo metadata --no-deps --offline --format-version 1 2>/dev/null | grep -q "\"kind\":\[\"test\"\][^{]*\"name\":\"$1\""
}

stage_fmt() {
    scripts/checklist.py --check
    # Only the names: `make fmt` shows the rest by doing it.
    cargo fmt --all --check -- -l || {
        echo "not formatted: the files above; make fmt" >&2
        return 1
    }
}

stage_clippy() { cargo clippy --workspace --exclude keyfob-app --all-targets --locked -- -D warnings; }

stage_deny() {
    cargo deny --log-level error check bans licenses sources
    # The database lives in a repository and on no package registry: where it is out of reach, say so and go on.
    if timeout 60 cargo deny --log-level off fetch db >/dev/null 2>&1; then
        cargo deny --log-level error check --disable-fetch advisories
    else
        echo "advisories NOT checked: their database cannot be reached from here"
    fi
}

stage_ui() {
    need ui/package.json "the user interface"
    scripts/npm-packages.sh ui
    local script
    for script in typecheck lint test build journeys fits looks; do
        echo "-- npm run $script"
        (cd ui && npm run --silent "$script")
    done
}

# The binaries with tests for other stages: real servers are slow to install, a desktop is not always there, and faults
# take their time.
stage_unit() {
    local filter="all()" other
    for other in real_servers real_clients faults fuzz crash_points desktop; do
        if has_test_target "$other"; then filter+=" - binary($other)"; fi
    done
    scripts/build-cli.sh
    cargo nextest run --locked --workspace --exclude keyfob-app -E "$filter"
}

# The packages of the unit stage, whose build it then shares.
stage_doc() { cargo test --locked --quiet --doc --workspace --exclude keyfob-app; }

stage_real() {
    scripts/npm-packages.sh tests/parts
    need "$KEYFOB_NODE" "Node 22 from tests/parts"
    echo "-- the portals themselves, with a plain client"
    (cd tests/parts && npm test --silent)
    echo "-- keyfob against them"
    scripts/build-cli.sh
    cargo nextest run --locked -p keyfob-tests --test real_servers
    echo "-- the official conformance suite"
    "$KEYFOB_NODE" tests/parts/conformance.mjs --group auth
    "$KEYFOB_NODE" tests/parts/conformance.mjs --group draft
    "$KEYFOB_NODE" tests/parts/conformance.mjs --group extension
}

# What the tests say is shown: which client wanted the network, and went without.
stage_clients() {
    scripts/npm-packages.sh tests/parts
    scripts/npm-packages.sh tests/real_clients
    need "$KEYFOB_NODE" "Node 22 from tests/parts"
    scripts/python-packages.sh tests/real_clients/requirements.txt "$KEYFOB_MCP_PYTHON"
    scripts/build-cli.sh
    cargo build --locked -p keyfob-tests --bins
    cargo nextest run --locked -p keyfob-tests --test real_clients --success-output final
}

stage_faults() {
    scripts/build-cli.sh
    cargo build --locked -p keyfob-tests --bins
    cargo nextest run --locked -p keyfob-tests --test faults --test fuzz
    # Each of these keeps all processors busy by itself.
    cargo nextest run --locked -p keyfob-tests --test crash_points --test-threads 1 --success-output final
}

stage_app() {
    need ui/dist "built by: scripts/test.sh ui"
    cargo clippy --locked -p keyfob-app --all-targets -- -D warnings
    cargo nextest run --locked -p keyfob-app
}

# on_desktops COMMAND...: each test on a desktop of its own. A panel's tray that has seen a few apps come and go may end.
on_desktops() {
    local host
    host="$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')"
    env "CARGO_TARGET_${host}_RUNNER=$PWD/scripts/desktop.sh" "$@"
}

stage_desktop() {
    scripts/setup.sh desktop
    scripts/npm-packages.sh tests/parts
    need ui/dist "built by: scripts/test.sh ui"
    scripts/build-cli.sh
    cargo build --locked -p keyfob-app
    on_desktops cargo nextest run --locked -p keyfob-tests --test desktop --test-threads 1 \
        -E 'not test(/^package::/)'
}

stage_package() {
    if [[ -z "${CI:-}${KEYFOB_TEST_PACKAGE:-}" ]]; then
        echo "SKIPPED: this would install keyfob on your machine and remove it again; KEYFOB_TEST_PACKAGE=1 allows that"
        return
    fi
    KEYFOB_DEB="$(scripts/package.sh --debug deb)"
    export KEYFOB_DEB
    on_desktops cargo nextest run --locked -p keyfob-tests --test desktop -E 'test(/^package::/)'
}

# The stages of the deep run: each can be gone on with alone.
stage_deep_rules() { PROPTEST_CASES=20000 cargo nextest run --locked --no-fail-fast -p keyfob-core; }

stage_deep_store() {
    KEYFOB_DEEP=1 cargo nextest run --locked --no-fail-fast -p keyfob-platform --lib -E 'test(readers_of_a_file)'
}

stage_deep_calls() {
    scripts/build-cli.sh
    cargo build --locked -p keyfob-tests --bins
    KEYFOB_DEEP=1 cargo nextest run --locked --no-fail-fast -p keyfob-tests --test proxy --test journeys -E 'test(of_thousands_of_calls)'
}

stage_deep_faults() {
    scripts/build-cli.sh
    cargo build --locked -p keyfob-tests --bins
    KEYFOB_DEEP=1 KEYFOB_FUZZ_SECONDS="${KEYFOB_FUZZ_SECONDS:-120}" \
        cargo nextest run --locked --no-fail-fast -p keyfob-tests --test faults --test fuzz --success-output final
}

# 100,000 malformed servers, and as many worlds in which portals move and servers lie.
stage_deep_servers() {
    KEYFOB_CASES="${KEYFOB_CASES:-100000}" cargo nextest run --locked --no-fail-fast -p keyfob-tests --test hostile --success-output final
}

stage_deep_crashes() {
    scripts/build-cli.sh
    cargo build --locked -p keyfob-tests --bins
    KEYFOB_DEEP=1 cargo nextest run --locked --no-fail-fast -p keyfob-tests --test crash_points --test-threads 1 --success-output final
}

# One stage in a process of its own, so that its first failing command ends it.
run_stage() {
    local stage="$1" code=0
    printf '\n== %s\n' "$stage"
    SECONDS=0
    bash scripts/test.sh --only "$stage" || code=$?
    if ((code != 0)); then
        printf '== %s FAILED after %d s (exit %d). Alone: scripts/test.sh %s\n' "$stage" "$SECONDS" "$code" "$stage" >&2
        exit 1
    fi
    printf '== %s ok, %d s\n' "$stage" "$SECONDS"
}

case "${1:-}" in
    --list)
        describe
        exit
        ;;
    --only)
        "stage_$2"
        exit
        ;;
esac
if [[ "${1:-}" == deep ]]; then set -- "${STAGES[@]}" "${DEEP[@]}"; fi
for stage in "$@"; do
    declare -F "stage_$stage" >/dev/null || {
        printf 'no stage %s; there are:\n' "$stage" >&2
        describe >&2
        exit 2
    }
done
scripts/setup.sh test
(($# > 0)) || set -- "${STAGES[@]}"
for stage in "$@"; do run_stage "$stage"; done
