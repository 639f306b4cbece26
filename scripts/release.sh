#!/usr/bin/env bash
# Builds the program as it is released, and prints the compilers and the SHA-256 of what came
# out: the same bytes wherever it is built, with the same compilers from the same commit.
#
# usage: scripts/release.sh [OPTION OF cargo build]...
#
# What a build would otherwise take along of its machine: the paths of the sources, of
# cargo's home and of the compiler (panic messages, __FILE__ in C, line tables), the
# language and time zone of the shell, and the time.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target/dist}
home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
fi
cargo fetch --locked --quiet
maps=("$sysroot=/rust" "$home=/cargo")
# Where crates come from a mirror, their folder has its name.
for crates in "$home"/registry/src/*; do maps+=("$crates=/crates"); done
rust="" c=""
# The target lies inside the sources, commonly: of several that fit, the last one counts.
for map in "${maps[@]}" "$root=/source" "$target=/target"; do
  rust+="${rust:+$'\x1f'}--remap-path-prefix=$map"
  c+=" -ffile-prefix-map=$map"
done

export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
export CARGO_ENCODED_RUSTFLAGS=$rust CFLAGS="${CFLAGS:-}$c" CXXFLAGS="${CXXFLAGS:-}$c"
# Codegen is cut at random places where it may be taken up again.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=none CARGO_PROFILE_RELEASE_STRIP=symbols
unset RUSTFLAGS
cargo build --locked --release --bin wirewitness --target-dir "$target" "$@"
rustc --version
"${CC:-cc}" --version | head -1
sha256sum "$target/release/wirewitness"
