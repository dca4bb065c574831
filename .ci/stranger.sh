#!/usr/bin/env bash
# Runs the commands of docs/CI.md in an empty repository, and what the action runs, with the memgauge in PATH.
#   .ci/stranger.sh
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home MEMGAUGE_DATA='' GIT_CONFIG_GLOBAL=/dev/null
mkdir -p "$HOME" "$work/repository/memory"
cp experiments/external/overlap.py "$work/repository/memory"
cd "$work/repository"
git init --quiet .
git config user.name someone
git config user.email someone@example.com

# The commands under a marker of the page.
block() {
  awk -v marker="<!-- stranger: $1 -->" '
    $0 == marker { found = 1; next }
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }' "$root/docs/CI.md" >"$work/block.sh"
  test -s "$work/block.sh"
  bash -euo pipefail "$work/block.sh" >"$work/out.txt" 2>&1 || { cat "$work/out.txt"; echo "docs/CI.md, $1: failed"; exit 1; }
}
for name in experiment baseline policy elsewhere; do block "$name"; done

# What the action does, on the memory as it is, and on one that finds less.
export EXPERIMENT=memory/experiment.toml BASELINE=reports/baseline/ours POLICY=memory/gate.toml
export GITHUB_OUTPUT=$work/output GITHUB_STEP_SUMMARY=$work/summary OUT=artefact HISTORY=reports/history.jsonl
bash "$root/.github/action/gate.sh" >"$work/out.txt" 2>&1 || { cat "$work/out.txt"; exit 1; }
grep -qx 'outcome=passed' "$GITHUB_OUTPUT"
for file in report.html gate.md gate.json gate.xml bencher.json benchmark-bigger.json benchmark-smaller.json; do
  test -s "$OUT/$file"
done
sed -i 's/k = 30/k = 2/' memory/experiment.toml
code=0
bash "$root/.github/action/gate.sh" >"$work/out.txt" 2>&1 || code=$?
test "$code" -eq 10 || { cat "$work/out.txt"; echo "a memory that finds less: exit code $code instead of 10"; exit 1; }
grep -qx 'outcome=regressed' "$GITHUB_OUTPUT"
grep -q '^::error' "$work/out.txt"
test -s "$GITHUB_STEP_SUMMARY"

# The page goes on: the change was meant.
rm -rf runs
memgauge --quiet run memory/experiment.toml --out runs >"$work/out.txt"
for name in refresh history; do block "$name"; done
memgauge gate --baseline reports/baseline/ours --current runs/* --policy memory/gate.toml >"$work/out.txt" ||
  { cat "$work/out.txt"; exit 1; }
test -s trend.svg
echo "docs/CI.md: every command runs; the action passes what is equal and stops what got worse"
