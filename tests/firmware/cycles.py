#!/usr/bin/env python3
"""Estimated cycles of a step on a Cortex-M4F, from a trace of every instruction that QEMU runs.

    tests/firmware/run m4f step && tests/firmware/cycles.py target/firmware/thumbv7em-none-eabihf/release/step_m

The table is that of Arm's Technical Reference Manual without wait states: VFMA 3, VDIV and VSQRT 14, several registers
1 + N, loads 2 (1 before another load or store), taken branches 3, one more where the next instruction reads an FPU
result. Nobody checked it on silicon; it only shows whether few instructions were bought with dear ones.
"""

import re
import subprocess
import sys

elf = sys.argv[1]
QEMU = (
    "qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none -singlestep -d exec,nochain -D /dev/stdout "
    "-semihosting-config enable=on,target=native -kernel"
).split()
STEP = re.compile(r"step::step|cortex_m::dot|cortex_m::tanh|memcpy|memmove")
MEMORY = ("ldr", "str", "vldr", "vstr", "ldm", "stm", "vldm", "vstm", "push", "pop", "vpush", "vpop")


def registers(operands):
    """How many registers a list in braces names."""
    count = 0
    for part in re.search(r"\{(.*)\}", operands).group(1).split(","):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        words = 2 if part.strip().startswith("d") else 1
        count += words * (ends[1] - ends[0] + 1 if "-" in part else 1)
    return count


def disassembly():
    """Address to (mnemonic, operands) of every instruction of a step; where it begins."""
    text = subprocess.run(["arm-none-eabi-objdump", "-dC", elf], capture_output=True, text=True, check=True).stdout
    code, inside, entry = {}, False, None
    for line in text.splitlines():
        if head := re.match(r"([0-9a-f]+) <(.*)>:$", line):
            inside = bool(STEP.search(head.group(2)))
            if head.group(2).startswith("step::step"):
                entry = int(head.group(1), 16)
        elif inside and (row := re.match(r"\s+([0-9a-f]+):\t[0-9a-f ]+\t(\S+)\s*([^@]*)", line)):
            code[int(row.group(1), 16)] = (row.group(2), row.group(3).strip())
    return code, entry


def cost(now, then, taken):
    """Cycles of an instruction, given the one that runs after it."""
    name, operands = now
    stem = name.split(".")[0]
    if "{" in operands:
        return 1 + registers(operands)
    if stem in ("vfma", "vfms"):
        cycles = 3
    elif stem in ("vdiv", "vsqrt"):
        cycles = 14
    elif stem.startswith(("ldrd", "strd")):
        return 3
    elif stem.startswith("ldr") or stem in ("vldr", "vstr"):
        return 1 if then and then[0].startswith(MEMORY) and not stem.startswith("v") else 2
    elif taken:
        return 3
    else:
        cycles = 1
    result = operands.split(",")[0]
    if stem.startswith("v") and then and result in re.split(r"[,\s]+", then[1])[1:]:
        cycles += 1
    return cycles


def main():
    code, entry = disassembly()
    trace = subprocess.Popen(QEMU + [elf], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    previous, cycles, instructions, steps = None, 0, 0, 0
    for line in trace.stdout:
        found = re.search(r"\[[0-9a-f]+/([0-9a-f]+)/", line)
        if not found:
            continue
        address = int(found.group(1), 16)
        if previous in code:
            size = 2 if re.fullmatch(r".*\.n|push|pop|nop", code[previous][0]) else 4
            taken = address - previous not in (2, 4) or (code[previous][0].startswith(("b", "cb")) and address - previous != size)
            cycles += cost(code[previous], code.get(address), taken)
            instructions += 1
        steps += address == entry
        previous = address
    if steps == 0:
        sys.exit(f"{elf}: no step was run")
    print(f"{elf.split('/')[-1]}: {cycles // steps} estimated cycles, {instructions // steps} instructions, {steps} steps")


main()
