#!/usr/bin/env bash
# A digest of everything that the program is built from: the key under which it is kept between runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
find Cargo.toml Cargo.lock rust-toolchain.toml crates datasets/*.toml datasets/sample reports/paper -type f -print0 |
  LC_ALL=C sort -z | xargs -0 cat | sha256sum | cut -c1-16
