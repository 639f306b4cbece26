#!/bin/sh
# Fuzzes every parser of foreign bytes: scripts/fuzz.sh SECONDS [STAGE|TARGET...]
#
# SECONDS are for each target. Builds with the stable compiler (coverage by LLVM, no
# sanitizer: there is no unsafe code of ours), starts from seeds that other programs made and
# from what earlier runs found, and prints a line for each target: its stage, seconds,
# executions, edges covered, size of its corpus, findings. What breaks a parser is left in
# fuzz/found/TARGET/, where tests/corpora.rs runs it for ever. Exit code 1 where something was
# found. WIREWITNESS names a program that is built already; else one is built for the seeds.
set -eu
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
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
[ -n "${WIREWITNESS:-}" ] || { cargo build --quiet --locked; WIREWITNESS=target/debug/wirewitness; }
python3 fuzz/seeds.py "$work/seeds" "$WIREWITNESS" >"$work/seeds.txt"

# "STAGE TARGET" a line, as fuzz/targets/mod.rs lists them.
targets=$(sed -n '/^targets! {/,/^}/p' fuzz/targets/mod.rs | sed '1d;$d' | tr -d '\n' | tr ';' '\n' |
    while IFS=: read -r stage names; do for name in $names; do echo "$stage" "$name"; done; done)
[ $# -gt 0 ] || set -- $(echo "$targets" | cut -d ' ' -f 1 | uniq)
for wanted in "$@"; do
    echo "$targets" | grep -q -w -- "$wanted" || { echo "no stage or target is called $wanted" >&2; exit 2; }
done
printf '%-10s %-18s %8s %12s %8s %8s %8s\n' stage target seconds executions edges corpus findings
failed=0
for wanted in "$@"; do
    for target in $(echo "$targets" | awk -v wanted="$wanted" '$1 == wanted || $2 == wanted { print $2 }'); do
        stage=$(echo "$targets" | awk -v target="$target" '$2 == target { print $1 }')
        mkdir -p "$work/corpus/$target" "$work/seeds/$target" "fuzz/found/$target"
        log=$work/$target.log
        FUZZ_TARGET=$target "$program" "$work/corpus/$target" "$work/seeds/$target" "fuzz/found/$target" \
            -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
            -artifact_prefix="fuzz/found/$target/" >"$log" 2>&1 && found=0 || found=1
        rmdir "fuzz/found/$target" 2>/dev/null || true
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
        took=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")
        printf '%-10s %-18s %8s %12s %8s %8s %8s\n' "$stage" "$target" "${took:--}" "${executions:-0}" "${edges:-0}" \
            "$(ls "$work/corpus/$target" | wc -l)" "$found"
        [ "$found" = 0 ] || { failed=1; grep -m 3 -E 'panicked|ERROR:|^assert' "$log" | sed 's/^/    /'; }
    done
done
rmdir fuzz/found 2>/dev/null || true
exit "$failed"
