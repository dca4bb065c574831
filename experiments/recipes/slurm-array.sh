#!/usr/bin/env bash
#SBATCH --job-name=memgauge
#SBATCH --array=1-16
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --output=memgauge-%A-%a.log
# One experiment as an array of jobs, and a job that joins them:
#   array=$(sbatch --parsable slurm-array.sh experiments/offline-locomo.toml /shared/runs)
#   sbatch --dependency="afterok:$array" --array=1 slurm-array.sh --merge /shared/runs
# A job that is put back into the queue goes on where it was.
set -euo pipefail

# Seen by every node: the run directories of all parts. The cache of replies stays on the node's own disk
# (LMDB's locks do not work over a network).
if [ "${1:-}" = --merge ]; then
  out=${2:?usage: slurm-array.sh --merge OUT}
  exec memgauge merge "$out"/part-*/* --out "$out"
fi

experiment=${1:?usage: slurm-array.sh EXPERIMENT.toml OUT}
out=${2:?usage: slurm-array.sh EXPERIMENT.toml OUT}
part=${SLURM_ARRAY_TASK_ID:?run it with sbatch}
parts=${SLURM_ARRAY_TASK_COUNT:?run it with sbatch}
mine=$out/part-$part
mkdir -p "$mine"

begun=("$mine"/*/manifest.json)
if [ -f "${begun[0]}" ]; then
  exec memgauge run --resume "$(dirname "${begun[0]}")"
fi
exec memgauge run "$experiment" --shard "$part/$parts" --out "$mine" --cache "${TMPDIR:-/tmp}/memgauge-calls"
