#!/bin/sh
# Type-checks the program for systems other than this one: scripts/targets.sh [TARGET...]
#
# Without arguments: Windows and macOS. Needs rustup, which fetches their standard libraries.
# What C the dependencies bring is not compiled (an empty object stands for each file of it), so
# no cross compiler is needed, and nothing is linked. Exit code 1 where a target does not check.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- x86_64-pc-windows-gnu aarch64-apple-darwin

stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
cat >"$stubs/cc" <<'STUB'
#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" = -o ] && : >"$2"
    shift
done
STUB
cat >"$stubs/ar" <<'STUB'
#!/bin/sh
for argument in "$@"; do
    case $argument in *.a | *.lib) : >"$argument" ;; esac
done
STUB
chmod +x "$stubs/cc" "$stubs/ar"
export TARGET_CC="$stubs/cc" TARGET_CXX="$stubs/cc" TARGET_AR="$stubs/ar" TARGET_RANLIB=true

failed=0
for target in "$@"; do
    rustup target add "$target" >/dev/null 2>&1 || { echo "$target: rustup has no standard library for it" >&2; exit 1; }
    # Live capture needs the system's own libpcap, on Windows the SDK of Npcap.
    case $target in *windows*) features=pdf,proxy ;; *) features=live,pdf,proxy ;; esac
    if cargo check --quiet --locked --target "$target" --target-dir target/targets \
        --no-default-features --features "$features"; then
        echo "$target: checks, with $features"
    else
        echo "$target: does not check" >&2
        failed=1
    fi
done
exit "$failed"
