#!/bin/sh
# Makes a virtual environment of pinned packages, and prints its folder of programs:
#   "$(.ci/venv.sh CACHE_DIR NAME PACKAGE==VERSION ..)/python" ...
# Does nothing but print when the environment is already there.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: $0 CACHE_DIR NAME PACKAGE==VERSION .." >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)/$2
shift 2

# Written last, so that half an environment is none.
if [ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
    printf '%s\n' "$*" >"$folder/packages"
fi
printf '%s\n' "$folder/bin"
