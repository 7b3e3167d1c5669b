"""What the checks against other runtimes share: running elman, its files, and what a net reads of a file."""

import json
import subprocess
import sys

import numpy as np
from safetensors import safe_open

# The promise: outputs of other runtimes are no farther off, and no more than this share where they are larger than one.
TOLERANCE = 2e-6


class Elman:
    """The binary, in a folder."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *words, code=0):
        """Standard output of a command that must end with this code; of one that fails, its complaint."""
        done = subprocess.run([self.binary, *map(str, words)], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != code:
            sys.exit(f"elman {' '.join(map(str, words))}: code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def predict(self, run, data):
        """One object per sequence."""
        lines = self.run("predict", run, "--data", data, "--json").splitlines()
        return [json.loads(line) for line in lines]

    def about(self, run):
        """The metadata of a model."""
        with safe_open(self.folder / run / "model.safetensors", "np") as file:
            return json.loads(file.metadata()["elman"])


def write_table(path, sequences, columns):
    """Sequences (T, F) of float32, so that they come back bit for bit."""
    with open(path, "w") as out:
        out.write(",".join(["seq", "t", *columns]) + "\n")
        for number, sequence in enumerate(sequences):
            for t, row in enumerate(sequence):
                out.write(",".join([str(number), str(t), *(repr(float(x)) for x in row)]) + "\n")


def scaled(reading, sequence):
    """The rows that a net reads of a sequence (T, F) of numbers: scaled, cut, and neighbours side by side."""
    z = (np.asarray(sequence, np.float64) - reading["mean"]) / reading["deviation"]
    z = (z if reading.get("uncut") else z.clip(-10, 10)).astype(np.float32)
    reach = reading["window"] // 2
    padded = np.pad(z, ((reach, reach), (0, 0)))
    return np.concatenate([padded[i : i + len(z)] for i in range(reading["window"])], axis=1)


def fold(word):
    return "".join("0" if c.isnumeric() else c for c in word.lower())


def shape(word):
    pattern = ""
    for c in word:
        kind = "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isnumeric() else c
        if not pattern.endswith(kind * 2):
            pattern += kind
    return pattern


FEATURES = {
    "word": lambda word, _: fold(word),
    "shape": lambda word, _: shape(word),
    "prefix": lambda word, letters: fold(word)[:letters],
    "suffix": lambda word, letters: fold(word)[-letters:],
    "character": lambda word, _: word,
    "token": lambda word, _: word,
}


def ids(vocabularies, tokens):
    """The ids (T, channels) that a net reads of tokens."""
    places = [{entry: i + 1 for i, entry in enumerate(v["entries"])} for v in vocabularies]
    row = lambda token: [
        known.get(FEATURES[v["kind"]](token, v.get("letters")), 0) for v, known in zip(vocabularies, places)
    ]
    return np.array([row(token) for token in tokens], np.int64)


def shown(about, outputs):
    """The probabilities that `elman predict` shows: what comes out of the net, at the model's temperature."""
    powers = np.asarray(outputs, np.float64) ** (1 / about["meaning"].get("temperature", 1))
    return powers / powers.sum(-1, keepdims=True)


class Differences:
    """The largest difference of every kind of comparison."""

    def __init__(self):
        self.largest, self.count = {}, {}

    def see(self, kind, found, expected):
        # Probabilities come by the names of classes, in their order.
        found, expected = (list(one.values()) if isinstance(one, dict) else one for one in (found, expected))
        found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
        if found.shape != expected.shape or not np.isfinite(found).all():
            sys.exit(f"{kind}: {found.shape} numbers instead of {expected.shape}, or not finite")
        # Beyond one the spacing of float32 grows with the numbers.
        difference = float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max(initial=0))
        if difference > TOLERANCE:
            sys.exit(f"{kind}: off by {difference:.2e}, more than {TOLERANCE:.0e}")
        self.largest[kind] = max(self.largest.get(kind, 0), difference)
        self.count[kind] = self.count.get(kind, 0) + 1

    def show(self):
        for kind, largest in self.largest.items():
            print(f"{kind:58} {self.count[kind]:4} comparisons, largest difference {largest:.1e}")
