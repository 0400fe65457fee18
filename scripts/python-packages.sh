#!/usr/bin/env bash
# Installs a list of Python packages into a folder of their own, and again only when the list has changed since.
# usage: scripts/python-packages.sh LIST FOLDER    a program finds them with PYTHONPATH=FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmp -s "$1" "$2/.installed-list" && exit 0
printf 'setup: installing the Python packages of %s into %s\n' "$1" "$2" >&2
rm -rf "$2"
python3 -m pip install --quiet --no-deps --target "$2" --disable-pip-version-check --root-user-action=ignore \
    --requirement "$1" >&2
cp "$1" "$2/.installed-list"
