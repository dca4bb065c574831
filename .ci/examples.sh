#!/usr/bin/env bash
# Runs the Python examples of docs/FORMAT.md on a run directory whose tables were exported:
#   .ci/examples.sh CACHE_DIR RUN
set -euo pipefail
packages='polars==1.35.2 duckdb==1.4.2'

cache=$(mkdir -p "$1" && cd "$1" && pwd)
folder=$cache/tables
if [ "$(cat "$folder/packages" 2>/dev/null)" != "$packages" ]; then
  rm -rf "$folder"
  python3 -m venv "$folder" >&2
  # shellcheck disable=SC2086 # a list of words
  "$folder/bin/pip" install --quiet --disable-pip-version-check $packages >&2
  printf '%s\n' "$packages" >"$folder/packages"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v to="$work" '
  /^```python$/ { file = sprintf("%s/%d.py", to, ++n); inside = 1; next }
  /^```$/ { inside = 0 }
  inside { print > file }' docs/FORMAT.md
test -s "$work/2.py"
for example in "$work"/*.py; do
  "$folder/bin/python" "$example" "$2" >"$work/out"
  test -s "$work/out"
  head -n 20 "$work/out"
done
