#!/usr/bin/env bash
# Draws every bitmap from the drawings beside it: the app's icons and the tray's, at the sizes desktops ask for.
# usage: icons/render.sh          needs rsvg-convert (Debian: librsvg2-bin); npm fetches the tool for .ico and .icns
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

command -v rsvg-convert >/dev/null || {
    echo "missing: rsvg-convert (Debian: apt-get install librsvg2-bin)" >&2
    exit 1
}

# draw SVG SIZE PNG
draw() { rsvg-convert --width "$2" --height "$2" --output "$3" "$1"; }

draw app/keyfob.svg 32 app/32x32.png
draw app/keyfob.svg 128 app/128x128.png
draw app/keyfob.svg 256 app/128x128@2x.png
draw app/keyfob.svg 512 app/icon.png

# themed STATE THEME FOB QUIET: the drawing of a state with its two panel-dependent colours exchanged. What warns keeps
# its colour.
themed() {
    sed -e "s/#6a82ea/$3/g" -e "s/#868b9a/$4/g" "tray/$1.svg" >"tray/$1-$2.svg"
}
for state in well soon act offline paused signing-in; do
    themed "$state" light '#3655c7' '#4f5366' # on a light panel
    themed "$state" dark '#b9c8ff' '#c9ccd6'  # on a dark panel
done

for drawing in tray/*.svg; do
    name="${drawing%.svg}"
    draw "$drawing" 32 "$name.png"
    draw "$drawing" 64 "$name@2x.png"
done

# Windows' and macOS' containers of the same drawing. Tauri's own tool makes many more; two are wanted.
scratch="$(mktemp -d)"
trap 'rm -r "$scratch"' EXIT
draw app/keyfob.svg 1024 "$scratch/keyfob.png"
npm exec --yes --package=@tauri-apps/cli@2.12.5 -- tauri icon --output "$scratch/out" "$scratch/keyfob.png" >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    exit 1
}
cp "$scratch/out/icon.ico" "$scratch/out/icon.icns" app/
