#!/usr/bin/env bash
# Runs EXPERIMENT and holds it against BASELINE under POLICY; memgauge must be in PATH.
# Leaves in OUT: the run directory (under runs/), report.html, gate.md, gate.json, gate.xml (JUnit), bencher.json,
# benchmark-bigger.json and benchmark-smaller.json (github-action-benchmark).
# Ends with the gate's exit code: 0 passed, 10 regressed, 11 underpowered, 12 incomparable.
set -euo pipefail
: "${EXPERIMENT:?a config file}" "${BASELINE:?folder of a baseline}" "${POLICY:?a policy file}"
out=${OUT:-memgauge}
tell() { if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "$1" >>"$GITHUB_OUTPUT"; fi; }

mkdir -p "$out"
runs=$(mktemp -d "$out/runs-XXXXXX")
# 3: questions without an answer; the policy says how many are too many.
memgauge --quiet run "$EXPERIMENT" ${DATASET:+--dataset "$DATASET"} --out "$runs" --format markdown >"$out/run.md" ||
  { code=$?; [ "$code" -eq 3 ] || exit "$code"; }
run=$(echo "$runs"/*)
tell "run=$run"
memgauge --quiet report "$run" -o "$out/report.html"
if [ -n "${HISTORY:-}" ]; then memgauge history add "$run" --file "$HISTORY"; fi

code=0
memgauge gate --baseline "$BASELINE" --current "$run" --policy "$POLICY" --format github \
  --output markdown="$out/gate.md" --output json="$out/gate.json" --output junit="$out/gate.xml" \
  --output bencher="$out/bencher.json" --output benchmark-action-bigger="$out/benchmark-bigger.json" \
  --output benchmark-action-smaller="$out/benchmark-smaller.json" \
  --confirm "${CONFIRM:-auto}" ${REMEASURE:+--remeasure "$REMEASURE"} ${BASELINE_BINARY:+--baseline-binary "$BASELINE_BINARY"} || code=$?
case $code in
  0) tell outcome=passed ;;
  10) tell outcome=regressed ;;
  11) tell outcome=underpowered ;;
  12) tell outcome=incomparable ;;
esac
exit "$code"
