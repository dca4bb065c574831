#!/usr/bin/env bash
# The HTML report in a real browser: run.sh MEMGAUGE CACHE ARTEFACTS NAME=PAGE..
# Pages are made by the caller; a hostile one is made here. Installs Chromium by apt where there is none; fails where it
# cannot be had.
set -euo pipefail
memgauge=$(realpath "$1") cache=$2 artefacts=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
  chromium=$(command -v chromium)
fi

# What the committed lock names, kept between runs.
mkdir -p "$cache"
if ! cmp -s "$here/package-lock.json" "$cache/package-lock.json" || [ ! -d "$cache/node_modules/playwright-core" ]; then
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$cache"
  npm ci --prefix "$cache" --ignore-scripts --silent
fi

# Markup in every text of the dataset, then in the names of the systems.
python3 "$here/hostile.py" dataset "$here/../../datasets/sample/sample.json" "$work/hostile.json"
"$memgauge" --quiet run "$here/../../experiments/quickstart.toml" --dataset "$work/hostile.json" --limit 12 \
  --out "$work/runs" >/dev/null
python3 "$here/hostile.py" names "$work"/runs/*
"$memgauge" report "$work"/runs/* --dataset "$work/hostile.json" -o "$work/hostile.html"

node "$here/check.mjs" --modules "$cache" --chromium "$chromium" --artefacts "$artefacts" --hostile hostile \
  hostile="$work/hostile.html" "$@"
