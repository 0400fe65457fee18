#!/usr/bin/env bash
# Installs a folder's npm packages exactly as locked, and again only when its lock file has changed since.
# usage: scripts/npm-packages.sh DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../$1"

cmp -s package-lock.json node_modules/.installed-lock && exit 0
printf 'setup: installing the npm packages of %s\n' "$1" >&2
# An office's own certificate authority is in the system's store, where Node does not look by itself.
export NODE_USE_SYSTEM_CA=1
npm ci --no-audit --no-fund --loglevel error >&2
cp package-lock.json node_modules/.installed-lock
