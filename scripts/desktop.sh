#!/usr/bin/env bash
# Runs a command inside a whole desktop without a screen: an X server on a free display, a session bus, a window
# manager, a panel with a tray, notifications and an unlocked keyring, all with a home of their own. Ends everything it
# started, and gives the command's exit code. Prints nothing of its own unless the desktop does not come up.
# usage: scripts/desktop.sh COMMAND [ARGUMENT...]
#   SCREEN=1280x800x24      size and depth of the screen
#   KEYFOB_DESKTOP_LOG=FILE keeps what the desktop's own programs said
set -euo pipefail

SCREEN="${SCREEN:-1280x800x24}"
# Tenths of a second that each part of the desktop has to come up; a loaded machine is slow, a healthy one needs 10.
PATIENCE=200

panel_settings() {
    cat <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray">
      <property name="known-legacy-items" type="array"/>
    </property>
  </property>
</channel>
XML
}

# A person who presses "Sign in again": what `dunstctl context` offers is chosen from by sed.
notification_settings() {
    cat <<'INI'
[global]
    dmenu = /usr/bin/sed -n "/Sign in again/p"
INI
}

# until_true WHAT COMMAND...: waits until the command succeeds, or shows the log and gives up.
until_true() {
    local what="$1" tenths
    shift
    for ((tenths = 0; tenths < PATIENCE; tenths++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    printf 'desktop: %s did not come up:\n' "$what" >&9
    tail -n 40 "$KEYFOB_DESKTOP_DIR/desktop.log" >&9
    exit 1
}

owned() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
        org.freedesktop.DBus.NameHasOwner "string:$1" | grep -q 'boolean true'
}

end_own_children() {
    local started
    mapfile -t started < <(jobs -p)
    kill "${started[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
}

# The second half, inside the session bus: the desktop's programs, then the command.
inside() {
    local log="$KEYFOB_DESKTOP_DIR/desktop.log"
    # Its own children it ends and buries itself; an orphan's remains lie about where process 1 is slow to collect them.
    trap end_own_children EXIT
    openbox >>"$log" 2>&1 &
    until_true "the window manager" xdotool get_num_desktops
    dunst >>"$log" 2>&1 &
    # The keyring's passphrase, which a test may type at the desktop's own prompt; without one the daemon waits at that.
    gnome-keyring-daemon --foreground --unlock --components=secrets < <(printf desk) >>"$log" 2>&1 &
    until_true "the notification server" owned org.freedesktop.Notifications
    until_true "the keyring" owned org.freedesktop.secrets
    # Last, so that nothing is drawn over by a window manager that starts later.
    xfce4-panel --disable-wm-check >>"$log" 2>&1 &
    until_true "the tray" owned org.kde.StatusNotifierWatcher
    "$@" >&8 2>&9 8>&- 9>&-
}

# Ends every process of this desktop by its id. Programs that the bus started on demand are nobody's children here, but
# all of them inherited the folder's name.
end_desktop() {
    local signal pids
    for signal in TERM KILL; do
        pids="$(grep -lzxF "KEYFOB_DESKTOP_DIR=$KEYFOB_DESKTOP_DIR" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true)"
        [[ -n "$pids" ]] || break
        # shellcheck disable=SC2086 # one id per word
        kill "-$signal" $pids 2>/dev/null || true
        for _ in {1..20}; do
            # shellcheck disable=SC2086
            kill -0 $pids 2>/dev/null || break
            sleep 0.05
        done
    done
    if [[ -n "${KEYFOB_DESKTOP_LOG:-}" ]]; then cp "$KEYFOB_DESKTOP_DIR/desktop.log" "$KEYFOB_DESKTOP_LOG"; fi
    rm -rf "$KEYFOB_DESKTOP_DIR"
}

# A home for the desktop and the command. Rust's own folders stay where they are.
own_home() {
    local dir="$KEYFOB_DESKTOP_DIR"
    export CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
    export HOME="$dir/home" XDG_CONFIG_HOME="$dir/home/.config" XDG_DATA_HOME="$dir/home/.local/share"
    export XDG_STATE_HOME="$dir/home/.local/state" XDG_CACHE_HOME="$dir/home/.cache" XDG_RUNTIME_DIR="$dir/runtime"
    export KEYFOB_HOME="$dir/keyfob"
    mkdir -p "$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml" "$XDG_CONFIG_HOME/dunst" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_CACHE_HOME"
    mkdir -m 0700 "$XDG_RUNTIME_DIR"
    panel_settings >"$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
    notification_settings >"$XDG_CONFIG_HOME/dunst/dunstrc"
    export XDG_CURRENT_DESKTOP=XFCE XDG_SESSION_TYPE=x11 GDK_BACKEND=x11 LIBGL_ALWAYS_SOFTWARE=1
    # No accessibility bus and no desktop portal: neither is under test, and each starts programs of its own.
    export NO_AT_BRIDGE=1 GTK_USE_PORTAL=0 GSETTINGS_BACKEND=memory
    unset WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS GNOME_KEYRING_CONTROL SSH_AUTH_SOCK
}

start_screen() {
    local display
    mkfifo "$KEYFOB_DESKTOP_DIR/display"
    # Xvfb chooses the first free display and writes its number once it listens. It is the first program to end with us.
    Xvfb -displayfd 7 -screen 0 "$SCREEN" -nolisten tcp -noreset 7>"$KEYFOB_DESKTOP_DIR/display" \
        >>"$KEYFOB_DESKTOP_DIR/desktop.log" 2>&1 &
    if ! read -r -t $((PATIENCE / 10)) display <"$KEYFOB_DESKTOP_DIR/display"; then
        printf 'desktop: Xvfb did not come up:\n' >&2
        tail -n 40 "$KEYFOB_DESKTOP_DIR/desktop.log" >&2
        exit 1
    fi
    export DISPLAY=":$display"
}

if [[ "${1:-}" == --inside ]]; then
    shift
    inside "$@"
    exit
fi
if (($# == 0)); then
    printf 'usage: scripts/desktop.sh COMMAND [ARGUMENT...]\n' >&2
    exit 2
fi
for program in Xvfb dbus-run-session dbus-send openbox dunst gnome-keyring-daemon xfce4-panel xdotool; do
    command -v "$program" >/dev/null || {
        printf 'desktop: no %s here; scripts/setup.sh test installs it\n' "$program" >&2
        exit 1
    }
done

KEYFOB_DESKTOP_DIR="$(mktemp -d "${TMPDIR:-/tmp}/keyfob-desktop-XXXXXX")"
export KEYFOB_DESKTOP_DIR
trap end_desktop EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
own_home
start_screen
# In the background and waited for, so that a signal is acted upon at once. The command keeps our three streams (8 and 9
# carry two of them past the bus daemon, whose own chatter belongs in the log).
dbus-run-session -- "${BASH_SOURCE[0]}" --inside "$@" <&0 8>&1 9>&2 >>"$KEYFOB_DESKTOP_DIR/desktop.log" 2>&1 &
wait $!
