#!/bin/sh
# The package mem0ai in a virtual environment whose folder of programs is printed:
#   PATH="$(.ci/mem0ai.sh CACHE_DIR):$PATH"
set -eu
exec sh "$(dirname "$0")/venv.sh" "${1:?usage: mem0ai.sh CACHE_DIR}" mem0ai \
    mem0ai==2.2.1 fastembed==0.9.1 qdrant-client==1.20.0
