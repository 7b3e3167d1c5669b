#!/usr/bin/env python3
"""Writes a tanh net with weights of a fixed generator, as PyTorch names them: the shapes whose instructions are counted.

Usage: shapes.py FILE INPUTS HIDDEN OUTPUTS"""
import json
import random
import struct
import sys

path, (inputs, hidden, outputs) = sys.argv[1], map(int, sys.argv[2:])
rng = random.Random(1)


def normal(rows, columns, variance):
    return (rows, columns), [rng.gauss(0, variance**0.5) for _ in range(rows * columns)]


def bias(columns):
    return (columns,), [rng.uniform(-0.1, 0.1) for _ in range(columns)]


tensors = {
    "rnn.weight_ih_l0": normal(hidden, inputs, 1 / inputs),
    "rnn.weight_hh_l0": normal(hidden, hidden, 0.81 / hidden),
    "rnn.bias_ih_l0": bias(hidden),
    "rnn.bias_hh_l0": ((hidden,), [0.0] * hidden),
    "head.weight": normal(outputs, hidden, 1 / hidden),
    "head.bias": bias(outputs),
}
header, body = {}, b""
for name, (shape, numbers) in tensors.items():
    start = len(body)
    body += struct.pack(f"<{len(numbers)}f", *numbers)
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(body)]}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(path, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + body)
