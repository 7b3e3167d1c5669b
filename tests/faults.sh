#!/usr/bin/env bash
# Every row of elman-cli/FAULTS.md, done to the command: tests/faults.sh [quick|all] [ELMAN]. Prints a line per row and ends
# with 1 if one of them is not as the table says. `quick` takes less than a minute, `all` kills hundreds of times and
# measures memory on files of hundreds of megabytes, which takes a quarter of an hour. Full disks and read-only folders need root, for a small tmpfs.
set -uo pipefail

size=${1:-quick}
elman=$(realpath "${2:-$(dirname "$0")/../target/release/elman}")
home=$(mktemp -d)
mounted=$home/disk
trap 'umount "$mounted" 2>/dev/null; rm -rf "$home"' EXIT
cd "$home" || exit 1
wrong=0

# row NAME OUTCOME: what was seen is right.
row() { printf 'ok     %-44s %s\n' "$1" "$2"; }
bad() { printf 'WRONG  %-44s %s\n' "$1" "$2"; wrong=1; }

# ends NAME CODE WORDS COMMAND…: the command must end with this code and a last line on standard error that holds the words.
ends() {
    local name=$1 code=$2 words=$3 got
    shift 3
    "$@" >out 2>err </dev/null
    got=$?
    if [ $got = "$code" ] && grep -qF -- "$words" err && ! grep -q panicked err; then
        row "$name" "$code: $(grep -F -- "$words" err | head -n 1 | cut -c 1-100)"
    else
        bad "$name" "ended with $got: $(tail -n 3 err | cut -c 1-300)"
    fi
}

# peak COMMAND…: kilobytes of memory that it took; its output is lost.
peak() {
    python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else 10**9)
PYTHON
}

# good RUN: model and last state, as far as they are there, are whole.
good() {
    if [ -e "$1/model.safetensors" ]; then "$elman" inspect "$1" >/dev/null 2>err || return 1; fi
    if [ -e "$1/checkpoint.safetensors" ]; then
        python3 - "$1/checkpoint.safetensors" <<'PYTHON' || return 1
import json, sys
content = open(sys.argv[1], "rb").read()
length = int.from_bytes(content[:8], "little")
header = json.loads(content[8:8 + length])
ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
sys.exit(8 + length + max(ends) != len(content))
PYTHON
    fi
}

python3 - <<'PYTHON'
import math
names = ["Aho", "Bell", "Cray", "Dahl", "Eckert"]
with open("train.conll", "w") as file:
    for i in range(120):
        file.write(f"Dr.\tO\n{names[i % 5]}\tB-NAME\n{names[i // 3 % 5]}\tI-NAME\nruns\tO\n\nBoats\tO\nhave\tO\n{i % 7}\tO\n\n")
with open("rows.csv", "w") as file:
    file.write("seq,t,x,label\n")
    for i in range(60):
        for t in range(5):
            file.write(f"{i},{t},{math.sin(i + t):.3f},{'ab'[i % 2]}\n")
with open("series.csv", "w") as file:
    file.write("y\n")
    file.writelines(f"{math.sin(i / 5):.4f}\n" for i in range(300))
with open("text.txt", "w") as file:
    file.write("to be or not to be, that is\n" * 40)
PYTHON

small="--hidden 16 --embedding 8 --batch 8 --lr 0.01 --patience 0"
label="train label --train train.conll $small"

# ------------------------------------------------------------------------------------------------------------------ kills
kills() {
    local times=$1 epochs=$2 name="SIGKILL at $1 random moments" living=0 torn=0 line
    $elman $label --epochs $epochs --out whole >/dev/null 2>&1 || bad "$name" "the whole run failed"
    for ((i = 0; i < times; i++)); do
        line="train --resume killed"
        [ -e killed/config.toml ] || line="$label --epochs $epochs --checkpoint-every 1ms --out killed"
        $elman $line >/dev/null 2>&1 &
        local pid=$!
        sleep "0.$(printf '%03d' $((20 + RANDOM % 160)))"
        kill -KILL $pid 2>/dev/null && living=$((living + 1))
        wait $pid 2>/dev/null
        good killed || torn=$((torn + 1))
    done
    line="train --resume killed"
    [ -e killed/config.toml ] || line="$label --epochs $epochs --out killed"
    $elman $line >/dev/null 2>&1
    if [ $torn = 0 ] && cmp -s whole/model.safetensors killed/model.safetensors &&
        cmp -s whole/checkpoint.safetensors killed/checkpoint.safetensors; then
        row "$name" "$living met it at work; no torn file; the same bytes in the end"
    else
        bad "$name" "$torn torn files, or other bytes in the end"
    fi
}

searches() {
    local times=$1 name="SIGKILL at $1 moments of a search" living=0 search missing
    search="tune classify --train rows.csv --hidden 6 --epochs 12 --patience 0 --trials 20 --threads 1"
    $elman $search --out searched >whole.table 2>/dev/null || bad "$name" "the whole search failed"
    for ((i = 0; i < times; i++)); do
        $elman $search --checkpoint-every 1ms --out hunted >/dev/null 2>&1 &
        local pid=$!
        sleep "0.$(printf '%03d' $((20 + RANDOM % 160)))"
        kill -KILL $pid 2>/dev/null && living=$((living + 1))
        wait $pid 2>/dev/null
    done
    $elman $search --out hunted >hunted.table 2>/dev/null
    missing=$(grep -c '^{"end"' hunted/journal.jsonl)
    if diff <(sed 's/searched//g' whole.table) <(sed 's/hunted//g' hunted.table) >/dev/null && [ "$missing" = 20 ] &&
        cmp -s searched/best/model.safetensors hunted/best/model.safetensors; then
        row "$name" "$living met it at work; the same table, the same winner"
    else
        bad "$name" "$missing of 20 trials ended, or another table in the end"
    fi
}

# ------------------------------------------------------------------------------------------------------------------- disk
disks() {
    mkdir "$mounted"
    if ! mount -t tmpfs -o size=1m tmpfs "$mounted" 2>/dev/null; then
        echo "skip   full disk, read-only folder: no right to mount a tmpfs"
        return
    fi
    dd if=/dev/zero of="$mounted/others" bs=1k count=1020 2>/dev/null
    ends "disk full from the start" 1 "No space left" "$elman" $label --epochs 3 --out "$mounted/full"
    rm -rf "$mounted"/*
    $elman $label --epochs 4000 --checkpoint-every 1ms --out "$mounted/run" >out 2>err &
    local pid=$!
    until [ -e "$mounted/run/checkpoint.safetensors" ]; do sleep 0.05; done
    dd if=/dev/zero of="$mounted/others" bs=1k count=2000 2>/dev/null
    wait $pid
    local code=$? said
    said=$(grep "No space left" err | tail -n 1 | cut -c 1-100)
    if [ $code = 1 ] && [ -n "$said" ] && good "$mounted/run"; then
        row "disk full while training" "1: $said"
    else
        bad "disk full while training" "ended with $code: $said"
    fi
    rm "$mounted/others"
    sed -i 's/^epochs = .*/epochs = 40/; s/^checkpoint-every = .*/checkpoint-every = "30s"/' "$mounted/run/config.toml"
    if $elman train --resume "$mounted/run" >out 2>err; then
        row "… and room again" "--resume goes on"
    else
        bad "… and room again" "$(tail -n 1 err)"
    fi
    mount -o remount,ro "$mounted"
    ends "read-only folder: train" 1 "Read-only" "$elman" $label --epochs 1 --out "$mounted/new"
    ends "read-only folder: resume" 1 "Read-only" "$elman" train --resume "$mounted/run"
    ends "read-only folder: export" 1 "Read-only" "$elman" export "$mounted/run" --format c -o "$mounted/net.c" --data train.conll
    if $elman eval "$mounted/run" --data train.conll >out 2>err && $elman predict "$mounted/run" --data train.conll >out 2>err; then
        row "read-only folder: eval, predict" "work"
    else
        bad "read-only folder: eval, predict" "$(tail -n 1 err)"
    fi
    umount "$mounted"
}

# ---------------------------------------------------------------------------------------------------------------- removed
removed() {
    local name="folder of the run removed underneath" pid code
    $elman $label --epochs 100000 --checkpoint-every 1ms --out gone >out 2>err &
    pid=$!
    until [ -e gone/checkpoint.safetensors ]; do sleep 0.05; done
    mv gone went && rm -rf went
    wait $pid
    code=$?
    if [ $code = 1 ] && grep -q "cannot write gone" err; then row "$name" "1: $(tail -n 1 err | cut -c 1-100)"; else bad "$name" "ended with $code: $(tail -n 1 err)"; fi
    name="training file removed underneath"
    cp train.conll moved.conll
    $elman train label --train moved.conll $small --epochs 60 --out moved >out 2>err &
    pid=$!
    until [ -e moved/config.toml ]; do sleep 0.05; done
    rm moved.conll
    if wait $pid; then row "$name" "goes on: it was read"; else bad "$name" "$(tail -n 1 err)"; fi
    ends "training file gone at --resume" 2 "moved.conll: no such file" "$elman" train --resume moved
    cp series.csv moved.csv
    $elman train forecast --train moved.csv --target y --hidden 4 --epochs 1 --out foreseen >/dev/null 2>&1
    rm moved.csv
    ends "training file gone at quantize" 0 "from the errors of the float net" "$elman" quantize foreseen --data series.csv
    head -n 200 series.csv >moved.csv
    ends "training file another one at quantize" 0 "they are not what they were" "$elman" quantize foreseen --data series.csv
}

# ------------------------------------------------------------------------------------------------------------------ pipes
pipes() {
    local name="predict … | head -n 1" codes
    for ((i = 0; i < 4000; i++)); do cat train.conll; done >long.conll 2>/dev/null
    $elman predict whole --data long.conll 2>err | head -n 1 >out
    codes=("${PIPESTATUS[@]}")
    if [ "${codes[0]}" = 0 ] && [ ! -s err ] && [ -s out ]; then row "$name" "0, nothing on standard error"; else bad "$name" "${codes[0]}: $(cat err)"; fi
    name="… | predict --data - | head -n 1"
    cat long.conll 2>/dev/null | $elman predict whole --data - 2>err | head -n 1 >out
    codes=("${PIPESTATUS[@]}")
    if [ "${codes[1]}" = 0 ] && [ ! -s err ] && [ -s out ]; then row "$name" "0, nothing on standard error"; else bad "$name" "${codes[1]}: $(cat err)"; fi
    name="standard output is a full device"
    $elman predict whole --data train.conll >/dev/full 2>err
    code=$?
    if [ $code = 1 ] && grep -q "cannot write the output" err; then row "$name" "1: $(cat err)"; else bad "$name" "$code: $(cat err)"; fi
}

# ----------------------------------------------------------------------------------------------------- closed and full streams
streams() {
    local line="$label --epochs 30" name="train … 2>&1 | head -n 1" codes
    $elman $line --out heard >/dev/null 2>&1
    $elman $line --out cut 2>&1 | head -n 1 >out
    codes=("${PIPESTATUS[@]}")
    if [ "${codes[0]}" = 0 ] && cmp -s heard/model.safetensors cut/model.safetensors; then row "$name" "0, the same model"; else bad "$name" "${codes[0]}"; fi
    name="train … 2>/dev/full"
    $elman $line --out mute >out 2>/dev/full
    code=$?
    if [ $code = 0 ] && cmp -s heard/model.safetensors mute/model.safetensors; then row "$name" "0, the same model"; else bad "$name" "$code"; fi
    ends "train … >/dev/full" 1 "cannot write the output" bash -c "$elman $line --out kept >/dev/full"
    good kept && cmp -s heard/model.safetensors kept/model.safetensors && row "… and its model" "is there, the same" || bad "… and its model" "is not there"
    name="report … | true"
    $elman report heard 2>err | true
    codes=("${PIPESTATUS[@]}")
    if [ "${codes[0]}" = 0 ] && [ ! -s err ]; then row "$name" "0, nothing on standard error"; else bad "$name" "${codes[0]}: $(cat err)"; fi
    $elman $label --epochs 100000 --out twice >/dev/null 2>&1 &
    local pid=$! before
    until [ -e twice/metrics.jsonl ]; do sleep 0.05; done
    before=$(md5sum twice/config.toml)
    kill -HUP $pid
    ends "--out of a run that is at work" 2 "exists already" "$elman" $line --out twice
    ends "--resume of a run that is at work" 2 "another process is training this run" "$elman" train --resume twice
    [ "$(md5sum twice/config.toml)" = "$before" ] && row "… and its settings" "are as they were" || bad "… and its settings" "are others"
    kill -0 $pid 2>/dev/null && row "SIGHUP while training" "goes on" || bad "SIGHUP while training" "it ended"
    kill -TERM $pid
    wait $pid
    code=$?
    if [ $code = 130 ] && good twice; then row "SIGTERM while training" "130, saved"; else bad "SIGTERM while training" "$code"; fi
}

# ----------------------------------------------------------------------------------------------------------- several runs
several() {
    local line="$label --epochs 60 --seeds 3" name="SIGKILL while --seeds train" living=0 same=0 pid seed
    $elman $line --out seeds >/dev/null 2>&1 || bad "$name" "the whole runs failed"
    for ((i = 0; i < 4; i++)); do
        if [ -e stopped/runs.toml ]; then $elman train --resume stopped >/dev/null 2>&1 & else $elman $line --checkpoint-every 1ms --out stopped >/dev/null 2>&1 & fi
        pid=$!
        sleep "0.$(printf '%03d' $((100 + RANDOM % 300)))"
        kill -KILL $pid 2>/dev/null && living=$((living + 1))
        wait $pid 2>/dev/null
    done
    if [ -e stopped/runs.toml ]; then $elman train --resume stopped >/dev/null 2>&1; else $elman $line --out stopped >/dev/null 2>&1; fi
    for seed in 1 2 3; do cmp -s seeds/seed-$seed/model.safetensors stopped/seed-$seed/model.safetensors && same=$((same + 1)); done
    if [ $same = 3 ] && cmp -s seeds/summary.json stopped/summary.json; then row "$name" "$living met it at work; the same models and summary"; else bad "$name" "$same of 3 models are the same"; fi
    $elman $label --epochs 100000 --folds 3 --out folds >/dev/null 2>err &
    pid=$!
    until [ -e folds/fold-1/metrics.jsonl ]; do sleep 0.05; done
    kill -TERM $pid
    wait $pid
    code=$?
    if [ $code = 130 ] && grep -q "elman train --resume folds$" err; then row "SIGTERM while --folds train" "130, says how to go on"; else bad "SIGTERM while --folds train" "$code: $(tail -n 1 err)"; fi
}

# ------------------------------------------------------------------------------------------------------------------ flags
flags() {
    local flag good=0 all=0
    for flag in "--hidden 0" "--hidden 65537" "--hidden -1" "--hidden 1e3" "--hidden 99999999999999999999" "--layers 0" "--layers 9" \
        "--embedding 0" "--window 2" "--window 1027" "--activation cosh" "--bidirectional maybe" "--dropout 1" "--dropout -0.1" \
        "--dropout nan" "--recurrent-dropout 1" "--noise 11" "--noise inf" "--optimizer lion" "--lr 0" "--lr -1" "--lr nan" "--lr inf" \
        "--schedule never" "--batch 0" "--batch 1048577" "--k1 0" "--k1 4 --k2 2" "--accumulate 0" "--warm-up -1" "--average 1" \
        "--smoothing 1" "--clip-norm -1" "--clip-norm nan" "--epochs 0" "--patience -1" "--overfit-batch 0" "--time-limit 0s" \
        "--time-limit forever" "--checkpoint-every 0s" "--seed -1" "--seed 18446744073709551616" "--threads 0" "--threads 1025" \
        "--format xml" "--config none.toml" "--folds 1" "--seeds 0" "--fold 3/2" "--folds 2 --seeds 2" "--folds 1000" \
        "--transitions perhaps" "--class-weights heavy"; do
        all=$((all + 1))
        $elman $label --out flags $flag >out 2>err </dev/null
        if [ $? = 2 ] && [ -s err ] && ! grep -q panicked err && [ ! -e flags ]; then good=$((good + 1)); else bad "flag $flag" "$(tail -n 2 err)"; rm -rf flags; fi
    done
    for flag in "predict whole --data train.conll --threads 0" "predict whole --data train.conll --steps 1" "predict whole --data none" \
        "eval whole --data train.conll --part test" "export whole --format pdf -o x" "bench --hidden 0 --batch 1 --steps 1 --input 1 --output 1 --mode forward" \
        "generate whole --length 5" "gradcheck whole" "inspect nowhere" \
        "compare whole nowhere" "compare whole whole --part test" "eval whole whole --data train.conll --int8" "eval whole --events --int8" \
        "predict whole whole --data train.conll --int8" \
        "predict whole whole --data train.conll --why" "predict whole --data train.conll --top-k 0" \
        "predict whole --data train.conll --min-confidence 2" "predict whole --data train.conll --why --top-k 2" \
        "predict whole --data train.conll --interval 2" "predict whole --data train.conll --flag"; do
        all=$((all + 1))
        $elman $flag >out 2>err </dev/null
        if [ $? = 2 ] && [ -s err ] && ! grep -q panicked err; then good=$((good + 1)); else bad "elman $flag" "$(tail -n 2 err)"; fi
    done
    [ $good = $all ] && row "flags out of range" "2, $good of $all; nothing is written"
}

# ------------------------------------------------------------------------------------------------------------- small data
tiny() {
    : >empty
    printf 'Ida\tB-NAME\n' >one.conll
    printf 'x,label\n1,a\n' >one.csv
    printf 'y\n1\n' >one-series.csv
    printf 'a' >one.txt
    ends "0 bytes: label" 2 "empty: the file is empty" "$elman" train label --train empty --out none
    ends "0 bytes: classify" 2 "empty: the file is empty" "$elman" train classify --train empty --out none
    ends "0 bytes: forecast" 2 "empty: the file is empty" "$elman" train forecast --train empty --target y --out none
    ends "0 bytes: text" 2 "empty: the file is empty" "$elman" train text --train empty --out none
    ends "0 bytes: config" 0 "epoch" "$elman" $label --config empty --epochs 1 --out defaults
    ends "0 bytes: eval" 2 "empty: the file is empty" "$elman" eval whole --data empty
    ends "one token: label" 2 "one.conll" "$elman" train label --train one.conll --out none
    ends "one row: classify" 2 "one.csv" "$elman" train classify --train one.csv --out none
    printf 'seq,t,x,label\n' >steps.csv
    for i in 1 2 3 4 5 6 7 8; do printf '%d,1,0.5,a\n%d,2,-0.5,b\n' $i $i >>steps.csv; done
    $elman train label --train steps.csv --bidirectional false --epochs 1 --out steps >out 2>err </dev/null || bad "steps" "$(tail -n 2 err)"
    ends "events in whole numbers, not quantized" 2 "elman quantize RUN --data FILE makes it" "$elman" eval steps --events --int8
    $elman train echo --steps-per-epoch 500 --epochs 1 --out echo >out 2>err </dev/null || bad "echo" "$(tail -n 2 err)"
    ends "an echo in whole numbers: quantize" 2 "whole numbers are for nets that label" "$elman" quantize echo --data one.csv
    ends "an echo in whole numbers: export" 2 "whole numbers are for nets that label" "$elman" export echo --format c --int8 -o none.c
    ends "one row: forecast" 2 "one-series.csv" "$elman" train forecast --train one-series.csv --target y --out none
    ends "one character: text" 2 "one.txt" "$elman" train text --train one.txt --out none
    mkdir torn
    cp whole/* torn
    : >torn/model.safetensors
    ends "0 bytes: model" 2 "not a file written by elman" "$elman" predict torn --data train.conll
    head -c 1000 whole/checkpoint.safetensors >torn/checkpoint.safetensors
    ends "checkpoint cut short" 2 "not a file written by elman" "$elman" train --resume torn
    python3 -c 'b=bytearray(open("whole/model.safetensors","rb").read()); b[-9]^=1; open("torn/model.safetensors","wb").write(b)'
    ends "one bit of a weight flipped" 2 "the file is damaged" "$elman" predict torn --data train.conll
}

# ------------------------------------------------------------------------------------------------------------- large data
# large MEGABYTES: a file of so many, twice as much as the memory that predict may take.
large() {
    local half=$(($1 / 2))
    $elman train classify --train rows.csv --valid rows.csv $small --epochs 1 --out classes >/dev/null 2>&1
    $elman train text --train text.txt --hidden 16 --embedding 8 --epochs 1 --out words >/dev/null 2>&1
    $elman train forecast --train series.csv --target y --hidden 16 --epochs 1 --out series >/dev/null 2>&1
    python3 - "$1" <<'PYTHON'
import sys
megabytes = int(sys.argv[1])
def fill(name, head, part, share=1):
    with open(name, "w") as file:
        file.write(head)
        done = 0
        while done < (megabytes << 20) // share:
            block = part(done)
            file.write(block)
            done += len(block)
piece = open("train.conll").read()
fill("large.conll", "", lambda _: piece * 20)
fill("large.csv", "seq,t,x\n", lambda done: "".join(f"{done}-{i},{t},0.{t}5\n" for i in range(2000) for t in range(5)))
fill("large.txt", "", lambda _: "to be or not to be, that is\n" * 5000)
fill("large-series.csv", "y\n", lambda _: "".join(f"0.{i % 97:02}\n" for i in range(10000)), 8)
PYTHON
    bounded "predict a file: sentences" $half "$elman" predict whole --data large.conll
    bounded "predict a file: sequences" $half "$elman" predict classes --data large.csv
    bounded "predict a file: text" $half "$elman" predict words --data large.txt
    bounded "predict a pipe: sentences" $half sh -c "cat large.conll | $elman predict whole --data -"
    bounded "predict a pipe: a series" $((half / 8)) sh -c "cat large-series.csv | $elman predict series --data -"
    rm -f large.* large-series.csv
}

# bounded NAME MEGABYTES COMMAND…: it takes no more memory.
bounded() {
    local name=$1 most=$2 took
    shift 2
    took=$(($(peak "$@") / 1024))
    if [ $took -le "$most" ]; then row "$name" "$took MB of $((2 * most)) MB"; else bad "$name" "$took MB, more than $most"; fi
}

# A sentence without an end, and very many classes.
monsters() {
    local tokens=$1 classes=$2
    python3 - "$tokens" "$classes" <<'PYTHON'
import sys
tokens, classes = map(int, sys.argv[1:])
with open("endless.conll", "w") as file:
    file.write("Aho\tO\n" * tokens)
with open("classes.csv", "w") as file:
    file.write("seq,t,x,label\n")
    file.writelines(f"{i},0,{i % 9},c{i}\n{i},1,{i % 7},c{i}\n" for i in range(classes))
with open("labels.conll", "w") as file:
    file.writelines(f"w{i}\tc{i}\n" + "\n" * (i % 5 == 0) for i in range(classes))
PYTHON
    local megabytes
    megabytes=$(($(stat -c %s endless.conll) >> 20))
    # Eight gigabytes, whatever the machine has.
    ends "$tokens tokens: predict, reads both ways" 2 "cut the longest sequences" prlimit --as=8000000000 "$elman" predict whole --data endless.conll
    $elman $label --epochs 1 --bidirectional false --window 1 --out forward >/dev/null 2>&1
    took=$(($(peak "$elman" predict forward --data endless.conll) / 1024))
    [ $took -lt 10000 ] && row "$tokens tokens: predict, reads forward" "$took MB for $megabytes MB" || bad "$tokens tokens: predict" "it failed"
    took=$(($(peak "$elman" train text --train endless.conll --valid endless.conll --hidden 4 --embedding 2 --epochs 1 --out endless) / 1024))
    [ $took -lt 10000 ] && row "$tokens lines of text: train" "$took MB for $megabytes MB" || bad "$tokens lines: train" "it failed"
    ends "$tokens tokens: train, whole sentences" 2 "cut the longest sequences" prlimit --as=8000000000 "$elman" train label --train endless.conll --valid endless.conll --hidden 64 --epochs 1 --out whole-endless
    ends "$classes classes" 2 "at most 10000 can be told apart" "$elman" train classify --train classes.csv --out many
    ends "$classes labels" 2 "at most 10000 can be told apart" "$elman" train label --train labels.conll --out many
    rm -f endless.conll classes.csv labels.conll
}

if [ "$size" = all ]; then kills 300 4000; else kills 15 150; fi
searches 10
disks
removed
pipes
streams
several
flags
tiny
if [ "$size" = all ]; then
    large 400
    monsters 10000000 100000
fi
[ $wrong = 0 ] && echo "all as the table says" || echo "not all as the table says" >&2
exit $wrong
