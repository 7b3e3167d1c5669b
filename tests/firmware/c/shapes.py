#!/usr/bin/env python3
"""Writes a run folder with a net whose weights come from a fixed generator: the shapes whose instructions are counted.

Usage: shapes.py FOLDER CELL INPUTS HIDDEN OUTPUTS [softmax] [both]

CELL is tanh, relu, gru, lstm, fastrnn or fastgrnn; `softmax` takes the place of a linear head, `both` reads both ways."""
import json
import random
import struct
import sys
from pathlib import Path

folder, cell = Path(sys.argv[1]), sys.argv[2]
inputs, hidden, outputs = map(int, sys.argv[3:6])
softmax, both = ("softmax" in sys.argv[6:], "both" in sys.argv[6:])
gates = {"gru": 3, "lstm": 4}.get(cell, 1)
rng = random.Random(1)


def normal(rows, columns, variance):
    return (rows, columns), [rng.gauss(0, variance**0.5) for _ in range(rows * columns)]


def bias(columns):
    return (columns,), [rng.uniform(-0.1, 0.1) for _ in range(columns)]


def layer(suffix):
    named = {
        "rnn.weight_ih_l0": normal(gates * hidden, inputs, 1 / inputs),
        "rnn.weight_hh_l0": normal(gates * hidden, hidden, 0.81 / hidden),
        "rnn.bias_ih_l0": bias(gates * hidden),
        "rnn.bias_hh_l0": ((gates * hidden,), [0.0] * (gates * hidden)),
    }
    if cell.startswith("fast"):
        named["rnn.scalars_l0"] = ((2,), [-2.0, 2.0])
    return {name + suffix: tensor for name, tensor in named.items()}


width = (1 + both) * hidden
tensors = layer("") | (layer("_reverse") if both else {})
tensors |= {"head.weight": normal(outputs, width, 1 / width), "head.bias": bias(outputs)}
kind = {"activation": cell} if cell in ("tanh", "relu") else {"cell": cell}
numbers = {
    "columns": [f"x{i + 1}" for i in range(inputs)],
    "mean": [0.0] * inputs,
    "deviation": [1.0] * inputs,
    "window": 1,
    "uncut": True,
}
meaning = {"kind": "numbers", "reading": {"numbers": numbers}}
meaning |= {"classes": {"names": [f"c{i + 1}" for i in range(outputs)], "scheme": "plain"}}
values = {"reading": {"numbers": numbers}, "outputs": [f"y{i + 1}" for i in range(outputs)]}
about = {
    "task": "classify" if softmax else "values",
    "spec": {
        "input": {"dense": {"width": inputs}},
        "layers": [{"hidden": hidden, "bidirectional": both} | kind],
        "train_initial_state": False,
        "head": "softmax" if softmax else "linear",
        "outputs": outputs,
        "read": "last-step" if softmax else "every-step",
        "dropout": [0.0, 0.0, 0.0],
    },
    "meaning": meaning if softmax else values,
}
header, body = {"__metadata__": {"elman": json.dumps(about)}}, b""
for name, (shape, items) in sorted(tensors.items()):
    start = len(body)
    body += struct.pack(f"<{len(items)}f", *items)
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(body)]}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
