"""PyTorch, both ways: the README's script, nets of ours in torch.nn by name, and state_dicts of torch.nn.RNN, GRU and LSTM through `elman import`;
nets that torch.onnx.export wrote as well, where onnx is installed. Usage: torch_agrees.py ELMAN README"""

import contextlib
import importlib.util
import io
import itertools
import json
import os
import pathlib
import re
import sys
import tempfile
import warnings

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from common import Differences, Elman, ids, scaled, shown, write_table


class Ours(torch.nn.Module):
    """A net of ours, from its spec: the names are those of model.safetensors."""

    def __init__(self, spec, state):
        super().__init__()
        layers, both = spec["layers"], spec["layers"][0]["bidirectional"]
        tokens = spec["input"].get("tokens")
        self.window = tokens["window"] if tokens else 1
        channels = tokens["channels"] if tokens else []
        if channels:
            tables = [torch.nn.Embedding(c["vocabulary"] + 1, c["width"]) for c in channels]
            self.embedding = torch.nn.ModuleList(tables)
        width = self.window * sum(c["width"] for c in channels) if channels else spec["input"]["dense"]["width"]
        cell = layers[0].get("cell", "elman")
        module = torch.nn.RNN if cell == "elman" else getattr(torch.nn, cell.upper())
        activation = {"nonlinearity": layers[0]["activation"]} if cell == "elman" else {}
        self.rnn = module(width, layers[0]["hidden"], len(layers), batch_first=True, bidirectional=both, **activation)
        self.head = torch.nn.Linear(layers[0]["hidden"] * (1 + both), spec["outputs"])
        self.starts = [[name for name in state if name.startswith(start)] for start in ("h0_", "c0_")]
        for name in sum(self.starts, []):
            self.register_parameter(name, torch.nn.Parameter(torch.zeros(layers[0]["hidden"])))
        self.last, self.both = spec["read"] == "last-step", both
        self.load_state_dict(state)

    def embed(self, rows):
        """(T, channels) to (T, window of embeddings)."""
        reach = self.window // 2
        parts = [table(torch.from_numpy(rows[:, c])) for c, table in enumerate(self.embedding)]
        borders = [table.weight[-1].expand(reach, -1) for table in self.embedding]
        rows = torch.cat([torch.cat([b, p, b]) for b, p in zip(borders, parts)], 1)
        return torch.cat([rows[i : i + len(parts[0])] for i in range(self.window)], 1)

    def forward(self, rows):
        x = self.embed(rows) if hasattr(self, "embedding") else torch.from_numpy(rows)
        starts = [torch.stack([getattr(self, name) for name in names])[:, None] for names in self.starts if names]
        start = tuple(starts) if len(starts) == 2 else starts[0] if starts else None
        hidden, ends = self.rnn(x[None], start)
        if isinstance(ends, tuple):
            ends, _ = ends
        if not self.last:
            return self.head(hidden[0])
        return self.head(torch.cat(list(ends[-1 - self.both :]), 1))[0]


def readme(elman, text, differences):
    """The script of the README, on a run of its kind."""
    rng = np.random.default_rng(7)
    sequences = [rng.normal((i % 3, 0, 9), 1, (5, 3)) for i in range(60)]
    with open(elman.folder / "gestures.csv", "w") as out:
        out.write("seq,t,ax,ay,az,label\n")
        for i, sequence in enumerate(sequences):
            name = ["up", "down", "left"][i % 3]
            out.writelines(f"{i},{t},{a},{b},{c},{name}\n" for t, (a, b, c) in enumerate(sequence.tolist()))
    elman.run("train", "classify", "--train", "gestures.csv", "--out", "runs/gestures", "--epochs", 3)
    script = re.search(r"```python\n(import json, safetensors\.torch, torch\n.*?)```", text, re.S)[1]
    lines = [line for line in script.splitlines() if line]
    printed, home = io.StringIO(), os.getcwd()
    os.chdir(elman.folder)
    try:
        with contextlib.redirect_stdout(printed):
            torch.set_printoptions(precision=9)
            exec(compile(script, "README.md", "exec"), {})
    finally:
        os.chdir(home)
    found = [float(x) for x in re.findall(r"\d\.\d+(?:e-\d+)?", printed.getvalue())]
    rows = re.findall(r"\[(-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\]", script)
    (elman.folder / "three.csv").write_text(
        "seq,t,ax,ay,az\n" + "".join(f"0,{t},{','.join(row)}\n" for t, row in enumerate(rows))
    )
    (answer,) = elman.predict("runs/gestures", "three.csv")
    differences.see(f"the README's script ({len(lines)} lines)", found, answer["probabilities"])
    if len(lines) > 15:
        sys.exit("the README's script has more than 15 lines")


def trained(elman, differences):
    """Nets of every kind in torch.nn, by name, without renaming; and back, byte for byte."""
    rng = np.random.default_rng(1)
    series = [rng.normal(i % 2, 1, (int(rng.integers(1, 9)), 3)).astype(np.float32) for i in range(30)]
    write_table(elman.folder / "plain.csv", series, "abc")
    header, *lines = (elman.folder / "plain.csv").read_text().splitlines()
    label = lambda line: "odd" if int(line.split(",")[0]) % 2 else "even"
    rows = [f"{header},label", *(f"{line},{label(line)}" for line in lines)]
    (elman.folder / "table.csv").write_text("\n".join(rows) + "\n")
    words = "Mr. Aho sees Boats , and Dr. Bell 11 has 2 lamps of McDonald's rain .".split()
    sentences = [[words[int(j)] for j in rng.integers(0, len(words), int(rng.integers(1, 12)))] for _ in range(40)]
    (elman.folder / "s.conll").write_text("".join("\n".join(s) + "\n\n" for s in sentences))
    (elman.folder / "s.classes").write_text("".join(f"{'odd' if len(s) % 2 else 'even'}\n" for s in sentences))
    text = ["classify", "--train", "s.conll", "--classes", "s.classes", "--embedding", 5]
    numbers = ["classify", "--train", "table.csv"]
    jobs = [
        [*numbers, "--layers", 2, "--hidden", 11],
        [*numbers, "--hidden", 200],
        [*numbers, "--bidirectional", "false", "--activation", "tanh", "--train-initial-state", "--hidden", 11],
        [*text, "--window", 5, "--hidden", 11],
        [*text, "--window", 1, "--bidirectional", "false", "--layers", 3, "--activation", "relu", "--hidden", 11],
    ]
    for number, job in enumerate(jobs):
        run = f"ours-{number}"
        elman.run("train", *job, "--out", run, "--epochs", 3)
        about, path = elman.about(run), elman.folder / run / "model.safetensors"
        net = Ours(about["spec"], load_file(path))
        reading = about["meaning"]["reading"]
        if "numbers" in reading:
            data, rows = "table.csv", [scaled(reading["numbers"], s) for s in series]
        else:
            data, rows = "s.conll", [ids(reading["tokens"], s) for s in sentences]
        for row, answer in zip(rows, elman.predict(run, data), strict=True):
            differences.see("trained nets -> torch.nn, by name", shown(about, net(row).softmax(-1).detach()), answer["probabilities"])
        save_file(net.state_dict(), elman.folder / "tuned.safetensors")
        elman.run("import", "tuned.safetensors", "--like", run, "-o", f"{run}-back")
        elman.run("import", path, "-o", f"{run}-again")
        same = {(elman.folder / r / "model.safetensors").read_bytes() for r in (run, f"{run}-back", f"{run}-again")}
        if len(same) != 1:
            sys.exit(f"{run}: a round trip through torch changed the model file")


class Theirs(torch.nn.Module):
    """What people train: torch.nn.RNN, GRU or LSTM behind an embedding or nothing, before a Linear or nothing."""

    def __init__(self, inputs, hidden, layers, both, kind, bias, outputs, last, tokens=False):
        super().__init__()
        if tokens:
            self.word_embedding = torch.nn.Embedding(9, inputs)
        rest = {"bias": bias, "batch_first": True, "bidirectional": both}
        if kind in ("gru", "lstm"):
            self.encoder = getattr(torch.nn, kind.upper())(inputs, hidden, layers, **rest)
        else:
            self.encoder = torch.nn.RNN(inputs, hidden, layers, kind, **rest)
        if outputs:
            self.fc = torch.nn.Linear(hidden * (1 + both), outputs, bias=bias)
        self.last, self.both = last, both

    def forward(self, x):
        if hasattr(self, "word_embedding"):
            x = self.word_embedding(x)
        y, ends = self.encoder(x)
        if isinstance(ends, tuple):
            ends, _ = ends
        if self.last:
            y = torch.cat([ends[-2], ends[-1]], 1) if self.both else ends[-1]
        return self.fc(y) if hasattr(self, "fc") else y


def foreign(elman, differences):
    """state_dicts of any shape; and the same through ONNX."""
    torch.manual_seed(3)
    kinds = ["tanh", "relu", "gru", "lstm"]
    shapes = itertools.product([1, 3], [False, True], kinds, [False, True], [0, 4], [False, True])
    for number, (layers, both, kind, bias, outputs, last) in enumerate(shapes):
        net = Theirs(5, 13 if number % 4 else 64, layers, both, kind, bias, outputs, last).eval()
        sequences = [torch.randn(n, 5) for n in (1, 4, 9)]
        write_table(elman.folder / "x.csv", [s.numpy() for s in sequences], [f"x{i + 1}" for i in range(5)])
        save_file(net.state_dict(), elman.folder / "theirs.safetensors")
        run = f"theirs-{number}"
        read = "last-step" if last else "every-step"
        activation = [] if kind in ("gru", "lstm") else ["--activation", kind]
        elman.run("import", "theirs.safetensors", *activation, "--read", read, "-o", run)
        for sequence, answer in zip(sequences, elman.predict(run, "x.csv"), strict=True):
            expected = net(sequence[None])[0].detach()
            found = answer["outputs"][0] if last else answer["outputs"]
            differences.see(f"state_dict of torch.nn, {kind} -> elman import", found, expected)
        spec = json.dumps(elman.about(run)["spec"])
        elman.run("import", "theirs.safetensors", "--spec", spec, "-o", f"{run}-spec")
        model = lambda run: (elman.folder / run / "model.safetensors").read_bytes()
        if model(run) != model(f"{run}-spec"):
            sys.exit(f"{run}: --spec and flags make different nets")
        if importlib.util.find_spec("onnx"):
            through_onnx(elman, net, run, differences)


def through_onnx(elman, net, run, differences):
    """What torch.onnx.export writes is the same net."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.zeros(2, 3, 5),),
            str(elman.folder / "theirs.onnx"),
            dynamo=False,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch", 1: "time"}},
        )
    elman.run("import", "theirs.onnx", "-o", f"{run}-onnx")
    answers = [elman.predict(r, "x.csv") for r in (run, f"{run}-onnx")]
    for one, other in zip(*answers, strict=True):
        differences.see("the same net by torch.onnx.export -> elman import", other["outputs"], one["outputs"])


def tokens(elman, differences):
    """A net that reads words: ids in the order of a vocabulary."""
    vocabulary = ["<pad>", "sees", "<unk>", "Ada", "Bo", "the", "lamp", "and", "."]
    (elman.folder / "words.txt").write_text("".join(f"{word}\n" for word in vocabulary))
    net = Theirs(6, 8, 2, True, "lstm", True, 3, True, tokens=True).eval()
    save_file(net.state_dict(), elman.folder / "words.safetensors")
    texts = ["Ada sees the lamp .", "Bo", "Zoe sees Ada and Bo and Zoe"]
    (elman.folder / "texts.tsv").write_text("".join(f"{text}\tno\n" for text in texts))
    flags = ["--labels", "yes,no,maybe", "--vocabulary", "words.txt"]
    elman.run("import", "words.safetensors", "--task", "classify", *flags, "-o", "words")
    sources = ["words"]
    if importlib.util.find_spec("onnx"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                net,
                (torch.zeros(2, 3, dtype=torch.long),),
                str(elman.folder / "words.onnx"),
                dynamo=False,
                input_names=["ids"],
                dynamic_axes={"ids": {0: "batch", 1: "time"}},
            )
        elman.run("import", "words.onnx", *flags, "-o", "words-onnx")
        sources.append("words-onnx")
    for run in sources:
        for text, answer in zip(texts, elman.predict(run, "texts.tsv"), strict=True):
            known = [vocabulary.index(w) if w in vocabulary else 2 for w in text.split()]
            expected = net(torch.tensor([known])).softmax(1)[0].detach()
            differences.see("nets that read words -> elman import", answer["probabilities"], expected)


def main():
    binary, text = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).read_text()
    print(f"torch {torch.__version__}")
    differences = Differences()
    with tempfile.TemporaryDirectory() as folder:
        elman = Elman(binary, pathlib.Path(folder))
        readme(elman, text, differences)
        trained(elman, differences)
        foreign(elman, differences)
        tokens(elman, differences)
    differences.show()


main()
