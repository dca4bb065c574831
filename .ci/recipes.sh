#!/usr/bin/env bash
# Checks the syntax of scripts, of our workflows and action, and of the recipes under experiments/recipes: ShellCheck,
# GitHub's schemas, Kubernetes' schemas; runs one of the recipes.
#   .ci/recipes.sh CACHE_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(sh .ci/validators.sh "${1:?usage: recipes.sh CACHE_DIR}")
recipes=experiments/recipes
"$tools/shellcheck" "$recipes"/*.sh .ci/*.sh .ci/run .ci/browser/*.sh .github/action/*.sh scripts/*.sh
"$tools/check-jsonschema" --builtin-schema vendor.github-workflows "$recipes"/github-*.yml .github/workflows/*.yml
"$tools/check-jsonschema" --builtin-schema vendor.github-actions action.yml
"$tools/kubernetes-validate" --strict "$recipes"/kubernetes-*.yaml

# The array of jobs, its variables set by hand: both parts, one of them put back into the queue, and the merge.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export PATH=$PWD/target/release:$PATH TMPDIR=$out SLURM_ARRAY_TASK_COUNT=2
for part in 1 2 2; do
  SLURM_ARRAY_TASK_ID=$part "$recipes/slurm-array.sh" experiments/quickstart.toml "$out/runs" >"$out/$part.txt" 2>&1 ||
    { cat "$out/$part.txt"; exit 1; }
done
"$recipes/slurm-array.sh" --merge "$out/runs" >"$out/merge.txt" 2>&1 || { cat "$out/merge.txt"; exit 1; }
test -s "$out"/runs/*-merged/report.md
echo "recipes: syntax checked; the array of jobs was run and merged"
