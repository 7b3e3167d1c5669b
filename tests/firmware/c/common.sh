# What the scripts of this folder share: machines, what was counted, and the table of it. To be sourced, `here` being this folder.

# How QEMU plays a machine, and what compilers are told of it. An M33 is played by an M55, which has all of it.
machine() {
    shift=8 target=arm-none-eabi
    case $1 in
    m4f) qemu="qemu-system-arm -M mps2-an386" chip=(-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16) ;;
    m0) qemu="qemu-system-arm -M microbit" chip=(-mcpu=cortex-m0 -mthumb -mfloat-abi=soft) ;;
    m3) qemu="qemu-system-arm -M mps2-an385" chip=(-mcpu=cortex-m3 -mthumb -mfloat-abi=soft) ;;
    m33) qemu="qemu-system-arm -M mps3-an547" chip=(-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16) ;;
    m55) qemu="qemu-system-arm -M mps3-an547" chip=(-mcpu=cortex-m55 -mthumb -mfloat-abi=hard) ;;
    rv32) qemu="qemu-system-riscv32 -M virt -bios none" shift=0 target=riscv32-unknown-elf chip=(-march=rv32imac -mabi=ilp32 -misa-spec=2.2) ;;
    rv32f) qemu="qemu-system-riscv32 -M virt -bios none" shift=0 target=riscv32-unknown-elf chip=(-march=rv32imafc -mabi=ilp32f) ;;
    esac
}

# A compiler for the machine. Clang is called plainly, as somebody does who has read nothing: no -fno-math-errno, no -ffp-contract; its
# `clang_headers` are those of the script.
compile() { # compiler, level, flags…
    local compiler=$1 level=$2 gcc=arm-none-eabi-gcc
    shift 2
    [[ $target != riscv* ]] || gcc="riscv64-unknown-elf-gcc -ffreestanding -fbuiltin -isystem $here/bare"
    case $compiler in
    gcc) $gcc "${chip[@]}" "-$level" "$@" ;;
    clang) clang "--target=$target" "${chip[@]}" "${clang_headers[@]}" "-$level" "$@" ;;
    esac
}

# Bytes of code, weights aside.
flash() { size -A "$1" | awk '$1 == ".text" || $1 == ".data" || $1 == ".ARM.exidx" { sum += $2 } END { print sum }'; }

# What a firmware prints, in a file.
run_elf() { # elf, file
    # shellcheck disable=SC2086
    timeout 120 $qemu -nographic -monitor none -serial stdio -kernel "$1" -semihosting-config enable=on,target=native \
        -icount "shift=$shift,align=off,sleep=off" >"$2" 2>&1 </dev/null
}

# A number of what `elman export --json` printed.
number() { sed -n 's/.*"'"$2"'":\([0-9]*\).*/\1/p' "$1"; }

# A number that a firmware printed.
found() { awk -v name="$2" '$1 == name { print $2 }' "$1"; }

# Code of an exported net without its self-tests: of a step, or of what leads from raw samples to events.
code() { # object, step or feed
    size -A "$1" | awk -v what="$2" '$1 !~ /^\.text/ || $1 ~ /self_test|compare/ { next }
        { is_feed = $1 ~ /feed|stream|scale|far|tell|take|pass|class_name|\.net_next|remember|expect|middle|times|uncurve|target|inputs|root|square|logarithm|power|bounds|beyond|product_of|divide|share|probability|_part/ }
        is_feed == (what == "feed") { sum += $2 }
        END { print sum + 0 }'
}

# A row for the table of figures: chip, route, net, level (O3 or Os), what was printed, code.
figure() {
    local level=${4#O}
    printf '%s %s %s %s %s %s %s %s\n' "$1" "$2" "$3" "$level" "$(found "$5" instructions)" "$6" "$(found "$5" ram)" \
        "$(found "$5" stack)" >>"$FIGURES"
}

# The rows go to a file that whoever calls first compares with the table, or writes there.
if [ -n "${FIGURES:-}" ]; then
    compare_figures() { :; }
else
    FIGURES=$(mktemp)
    export FIGURES
    trap 'rm -f "$FIGURES"' EXIT
    compare_figures() { # check or write
        local compilers=() name
        for name in arm-none-eabi-gcc riscv64-unknown-elf-gcc avr-gcc clang; do
            command -v "$name" >/dev/null && compilers+=("$name $("$name" -dumpversion)")
        done
        [ ! -s "$FIGURES" ] || python3 "$here/../figures.py" "$1" c "$(printf '%s, ' "${compilers[@]}" | sed 's/, $//')" <"$FIGURES"
    }
fi
