#!/bin/sh
# Makes a virtual environment with the package mem0ai, and prints its folder:
#   PATH="$(.ci/mem0ai.sh CACHE_DIR)/bin:$PATH"
# Does nothing but print when the environment is already there.
set -eu

packages='mem0ai==2.2.1 fastembed==0.9.1 qdrant-client==1.20.0'

if [ $# -ne 1 ]; then
    echo "usage: $0 CACHE_DIR" >&2
    exit 2
fi
mkdir -p "$1"
cache=$(cd "$1" && pwd)
folder=$cache/mem0ai

# Written last, so that half an environment is none.
if [ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2
    # shellcheck disable=SC2086 # a list of words
    "$folder/bin/pip" install --quiet --disable-pip-version-check $packages >&2
    printf '%s\n' "$packages" >"$folder/packages"
fi
printf '%s\n' "$folder"
