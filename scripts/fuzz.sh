#!/bin/sh
# Fuzzes every parser of foreign bytes: scripts/fuzz.sh SECONDS [TARGET...]
#
# SECONDS are for each target. Builds with the stable compiler (coverage by LLVM, no
# sanitizer: there is no unsafe code of ours), starts from seeds that other programs made and
# from what earlier runs found, and prints a line for each target: executions, edges covered,
# size of its corpus, findings. What breaks a parser is left in fuzz/found/TARGET/, where
# tests/corpora.rs runs it for ever. Exit code 1 where something was found.
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
seconds=$1
shift

host=$(rustc -vV | sed -n 's/^host: //p')
work=target/fuzz
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-trace-compares"
# With --target, what runs while building is not instrumented.
RUSTFLAGS="$coverage" cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$work/build"
program=$work/build/$host/release/wirewitness-fuzz
cargo build --quiet --locked
python3 fuzz/seeds.py "$work/seeds" target/debug/wirewitness >"$work/seeds.txt"

[ $# -gt 0 ] || set -- $(sed -n '/^targets! {/,/^}/p' fuzz/targets/mod.rs | sed '1d;$d;s/^ *[a-z]*: //;s/;//')
printf '%-16s %12s %8s %8s %8s\n' target executions edges corpus findings
failed=0
for target in "$@"; do
    mkdir -p "$work/corpus/$target" "$work/seeds/$target" "fuzz/found/$target"
    log=$work/$target.log
    FUZZ_TARGET=$target "$program" "$work/corpus/$target" "$work/seeds/$target" "fuzz/found/$target" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
        -ignore_crashes=0 -artifact_prefix="fuzz/found/$target/" >"$log" 2>&1 && found=0 || found=1
    rmdir "fuzz/found/$target" 2>/dev/null || true
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    printf '%-16s %12s %8s %8s %8s\n' "$target" "${executions:-0}" "${edges:-0}" "$(ls "$work/corpus/$target" | wc -l)" "$found"
    [ "$found" = 0 ] || { failed=1; grep -m 3 -E 'panicked|ERROR:|^assert' "$log" | sed 's/^/    /'; }
done
rmdir fuzz/found 2>/dev/null || true
exit "$failed"
