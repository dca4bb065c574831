#!/usr/bin/env bash
# Runs the Python examples of docs/FORMAT.md on a run directory whose tables were exported:
#   .ci/examples.sh CACHE_DIR RUN
set -euo pipefail
python=$(sh .ci/venv.sh "${1:?usage: examples.sh CACHE_DIR RUN}" tables polars==1.35.2 duckdb==1.4.2)/python

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v to="$work" '
  /^```python$/ { file = sprintf("%s/%d.py", to, ++n); inside = 1; next }
  /^```$/ { inside = 0 }
  inside { print > file }' docs/FORMAT.md
test -s "$work/2.py"
for example in "$work"/*.py; do
  "$python" "$example" "$2" >"$work/out"
  test -s "$work/out"
  head -n 20 "$work/out"
done
