"""ONNX, both ways: ONNX's own node tests of RNN, GRU and LSTM through `elman import`, models of random shape through `elman import`, and nets
of ours through `elman export --format onnx`, each against ONNX Runtime (against ONNX's reference where that has no batch-first
layout). Usage: onnx_agrees.py ELMAN"""

import pathlib
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

from common import Differences, Elman, ids, scaled, shown, write_table

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
NODE_TESTS = {
    "test_simple_rnn_defaults",
    "test_simple_rnn_with_initial_bias",
    "test_rnn_seq_length",
    "test_simple_rnn_batchwise",
    "test_simple_rnn_reverse",
    "test_simple_rnn_bidirectional",
    "test_gru_defaults",
    "test_gru_with_initial_bias",
    "test_gru_batchwise",
    "test_lstm_defaults",
    "test_lstm_with_initial_bias",
    "test_lstm_batchwise",
}
# What elman has not, and the word that says so.
REFUSED = {"test_lstm_with_peepholes": "P: elman has no LSTM with peepholes", "test_gru_seq_length": "linear_before_reset 0"}


def run_onnx(model, feeds):
    """Named outputs of ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    # Inputs with defaults are announced as warnings.
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))


def uniform(weights):
    """Whether all units are the same, so that it does not matter whether they are reset before or behind their product."""
    return all(len(np.unique(array[0], axis=0)) <= 2 for array in weights)


def node_tests(elman, differences):
    """Weights are inputs there, and constants in every model that somebody trained: so they are made constants."""
    passed = set()
    for case in collect_testcases(None):
        if case.model is None or case.model.graph.node[0].op_type not in GATES:
            continue
        # Some operators of today have their tests a second time, taken apart into others.
        if len(case.model.graph.node) > 1:
            continue
        inputs, outputs = case.data_sets[0]
        model = onnx.ModelProto.FromString(case.model.SerializeToString())
        graph = model.graph
        names = [info.name for info in graph.input]
        weights = [numpy_helper.from_array(array, name) for name, array in zip(names[1:], inputs[1:])]
        graph.initializer.extend(weights)
        del graph.input[1:]
        batch_first = any(a.name == "layout" and a.i == 1 for a in graph.node[0].attribute)
        x = inputs[0] if batch_first else inputs[0].swapaxes(0, 1)
        columns = [f"x{i + 1}" for i in range(x.shape[2])]
        write_table(elman.folder / "x.csv", x, columns)
        is_gru = graph.node[0].op_type == "GRU"
        words = REFUSED.get(case.name, "linear_before_reset 0" if is_gru else None)
        if words:
            (elman.folder / "node.onnx").write_bytes(model.SerializeToString())
            said = elman.run("import", "node.onnx", "-o", case.name, code=2)
            if words not in said:
                sys.exit(f"{case.name}: refused without a word of {words}: {said}")
            print(f"refused {case.name}: {words}")
        if case.name in REFUSED:
            continue
        if is_gru:
            # At the first step from zero the reset gate has nothing to act on, and both ways are one.
            if x.shape[1] != 1 and not uniform(inputs[1:]):
                sys.exit(f"{case.name}: more than that is tested by now")
            graph.node[0].attribute.append(helper.make_attribute("linear_before_reset", 1))
        # Every output of the graph by itself: hidden units at every step, or the last ones.
        for output, expected in zip(list(graph.output), outputs):
            # Cell states alone are no answer of a net: only the next call reads them.
            if output.name == "Y_c":
                continue
            del graph.output[:]
            graph.output.append(output)
            (elman.folder / "node.onnx").write_bytes(model.SerializeToString())
            run = f"{case.name}-{output.name}"
            elman.run("import", "node.onnx", "-o", run)
            found = np.array([answer["outputs"] for answer in elman.predict(run, "x.csv")])
            if not batch_first:
                # (T, D, B, H) or (D, B, H)
                expected = np.moveaxis(expected, -2, 0)
            elif output.name == "Y_h":
                # (B, D, H)
                found = found.reshape(len(x), 1, -1)
            wanted = expected.reshape(len(x), -1, found.shape[-1])
            differences.see("ONNX node tests -> elman import", found.reshape(wanted.shape), wanted)
        passed.add(case.name)
        print(f"passed {case.name} (opset {model.opset_import[0].version})")
    if missing := NODE_TESTS - passed:
        sys.exit(f"node tests that onnx no longer has: {missing}")


class RandomModel:
    """Operators of one cell or of several in a row, with or without a head, as exporters write them."""

    def __init__(self, rng):
        self.rng, self.nodes, self.constants = rng, [], []
        # Operator sets differ in where Squeeze has its axes, in layout, and in what softmax does.
        self.opset = int(rng.integers(7, 23))
        self.batch_first = self.opset >= 14 and rng.random() < 0.3
        self.inputs = int(rng.integers(1, 9))
        self.lengths = [int(n) for n in sorted(rng.integers(1, 9, int(rng.integers(1, 5))), reverse=True)]
        self.last = bool(rng.random() < 0.4)
        width, rows = self.inputs, "x"
        for layer in range(int(rng.integers(1, 4))):
            width, rows = self.layer(layer, rows, width)
        y = self.head(rows, width)
        axes = ["batch", "time"] if self.batch_first else ["time", "batch"]
        inputs = [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [*axes, self.inputs]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ]
        outputs = [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["rows", "y"] if self.last else [*axes, "y"])]
        graph = helper.make_graph(self.nodes, "random", inputs, outputs, self.constants)
        opset = [helper.make_opsetid("", self.opset)]
        self.model = helper.make_model(graph, opset_imports=opset, ir_version=8)

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, name, *shape):
        return self.constant(name, self.rng.uniform(-0.6, 0.6, shape).astype(np.float32))

    def node(self, op, inputs, outputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))
        return outputs[0]

    def squeeze(self, x, axis, output):
        if self.opset < 13:
            return self.node("Squeeze", [x], [output], axes=[axis])
        axes = self.constant(f"{output}_axes", np.array([axis], np.int64))
        return self.node("Squeeze", [x, axes], [output])

    def activations(self, op, both):
        """What says which cell it is."""
        if op != "RNN":
            names = ["Sigmoid", "Tanh"] + ["Tanh"] * (op == "LSTM")
            told = {"activations": names * both} if self.rng.random() < 0.5 else {}
            return told | ({"linear_before_reset": 1} if op == "GRU" else {})
        # ONNX's reference knows no Relu here.
        activation = str(self.rng.choice(["Tanh", "Affine"] if self.batch_first else ["Tanh", "Affine", "Relu"]))
        attributes = {"activations": [activation] * both}
        if activation == "Affine":
            attributes |= {"activation_alpha": [1.0] * both, "activation_beta": [0.0] * both}
        if activation == "Tanh" and self.rng.random() < 0.5:
            del attributes["activations"]
        return attributes

    def layer(self, i, rows, width):
        hidden = int(self.rng.integers(1, 20))
        direction = str(self.rng.choice(["forward", "reverse", "bidirectional"]))
        op = str(self.rng.choice(list(GATES)))
        both = 1 + (direction == "bidirectional")
        attributes = {"hidden_size": hidden, "direction": direction} | self.activations(op, both)
        # ONNX's reference overlooks it. Tanh does not feel the last.
        if not self.batch_first and self.rng.random() < 0.4:
            attributes["clip"] = float(self.rng.choice([0.1, 0.5, 2.0, 30.0]))
        if self.batch_first:
            attributes["layout"] = 1
        # Small enough that units without a limit stay near one.
        units = GATES[op] * hidden
        recurrent = self.rng.uniform(-1, 1, (both, units, hidden)).astype(np.float32) / np.float32(hidden)
        inputs = [rows, self.weights(f"W{i}", both, units, width), self.constant(f"R{i}", recurrent)]
        inputs.append(self.weights(f"B{i}", both, 2 * units) if self.rng.random() < 0.7 else "")
        inputs.append("lengths")
        for state in "hc" if op == "LSTM" else "h":
            inputs.append(self.start(f"{state}{i}", both, hidden) if self.rng.random() < 0.4 else "")
        outputs = [f"Y{i}", f"Y_h{i}"] + [f"Y_c{i}"] * (op == "LSTM")
        self.node(op, inputs, outputs, **attributes)
        self.top, self.both = f"Y_h{i}", both
        if both == 1:
            return hidden, self.squeeze(f"Y{i}", 2 if self.batch_first else 1, f"rows{i}")
        turned = f"Y{i}"
        if not self.batch_first:
            turned = self.node("Transpose", [turned], [f"turned{i}"], perm=[0, 2, 1, 3])
        wide = self.constant(f"wide{i}", np.array([0, 0, -1], np.int64))
        return 2 * hidden, self.node("Reshape", [turned, wide], [f"rows{i}"])

    def start(self, name, both, hidden):
        """Where every sequence starts."""
        start = self.rng.uniform(-1, 1, (both, 1, hidden)).astype(np.float32)
        start = np.repeat(start, len(self.lengths), 1)
        return self.constant(name, start.swapaxes(0, 1) if self.batch_first else start)

    def head(self, rows, width):
        if self.last:
            turned = self.top
            if not self.batch_first:
                turned = self.node("Transpose", [turned], ["last"], perm=[1, 0, 2])
            wide = self.constant("wide", np.array([0, -1], np.int64))
            rows = self.node("Reshape", [turned, wide], ["ends"])
        if self.rng.random() < 0.3:
            return rows
        outputs = int(self.rng.integers(1, 7))
        if self.last and self.rng.random() < 0.5:
            weights = [self.weights("head", outputs, width), self.weights("c", outputs)]
            y = self.node("Gemm", [rows, *weights], ["logits"], transB=1)
        else:
            y = self.node("MatMul", [rows, self.weights("head", width, outputs)], ["products"])
            if self.rng.random() < 0.8:
                y = self.node("Add", [self.weights("c", outputs), y], ["logits"])
        if self.rng.random() < 0.5:
            return y
        return self.node("Softmax", [y], ["y"], axis=1 if self.last else 2)

    def check(self, elman, number, differences):
        onnx.checker.check_model(self.model)
        longest = self.lengths[0]
        x = self.rng.normal(size=(len(self.lengths), longest, self.inputs)).astype(np.float32)
        lengths = np.array(self.lengths, np.int32)
        fed = {"x": x if self.batch_first else x.swapaxes(0, 1), "lengths": lengths}
        if self.batch_first:
            fed |= {"lengths": np.full_like(lengths, longest)}
            self.lengths = [longest] * len(lengths)
            (y,) = ReferenceEvaluator(self.model).run(None, fed)
        else:
            (y,) = run_onnx(self.model, fed).values()
        if not self.batch_first and not self.last:
            y = y.swapaxes(0, 1)
        columns = [f"x{i + 1}" for i in range(self.inputs)]
        write_table(elman.folder / "x.csv", [row[:n] for row, n in zip(x, self.lengths)], columns)
        (elman.folder / "random.onnx").write_bytes(self.model.SerializeToString())
        run = f"random-{number}"
        elman.run("import", "random.onnx", "--task", "values", "-o", run)
        for answer, row, n in zip(elman.predict(run, "x.csv"), y, self.lengths):
            kind = "ONNX's reference, layout 1" if self.batch_first else "ONNX Runtime"
            found = answer["outputs"][0] if self.last else answer["outputs"]
            differences.see(f"random models: {kind} -> elman import", found, row if self.last else row[:n])
        back = f"back-{number}"
        elman.run("export", run, "--format", "onnx", "-o", f"{back}.onnx")
        ours = onnx.load(elman.folder / f"{back}.onnx")
        onnx.checker.check_model(ours, full_check=True)
        again = run_onnx(ours, {"x": x, "lengths": np.array(self.lengths, np.int32)})["y"]
        for mine, theirs, n in zip(again, y, self.lengths):
            found, wanted = (mine, theirs) if self.last else (mine[:n], theirs[:n])
            differences.see("random models: import, export -> ONNX Runtime", found, wanted)
        elman.run("import", f"{back}.onnx", "-o", back)
        same = [(elman.folder / r / "model.safetensors").read_bytes() for r in (run, back)]
        if same[0] != same[1]:
            sys.exit(f"{run}: a round trip changed the model file")


def our_nets(elman, rng, differences):
    """Nets that elman trained, on the data that they read."""
    series = [rng.normal(i % 2, 1, (int(rng.integers(2, 9)), 3)).astype(np.float32) for i in range(30)]
    write_table(elman.folder / "plain.csv", series, "abc")
    with open(elman.folder / "plain.csv") as plain, open(elman.folder / "table.csv", "w") as table:
        header, *lines = plain.read().splitlines()
        labels = ["label", *("odd" if int(line.split(",")[0]) % 2 else "even" for line in lines)]
        table.writelines(f"{line},{label}\n" for line, label in zip([header, *lines], labels))
    words = "Mr. Aho sees Boats , and Dr. Bell 11 has 2 lamps of McDonald's rain .".split()
    sentences = [[words[int(j)] for j in rng.integers(0, len(words), int(rng.integers(1, 12)))] for _ in range(40)]
    (elman.folder / "s.conll").write_text("".join("\n".join(s) + "\n\n" for s in sentences))
    (elman.folder / "s.classes").write_text("".join(f"{'odd' if len(s) % 2 else 'even'}\n" for s in sentences))
    text = ["classify", "--train", "s.conll", "--classes", "s.classes", "--embedding", 5]
    jobs = [
        ["classify", "--train", "table.csv", "--layers", 2],
        ["classify", "--train", "table.csv", "--bidirectional", "false", "--activation", "tanh", "--train-initial-state"],
        [*text, "--window", 5],
        [*text, "--window", 1, "--bidirectional", "false", "--layers", 3, "--activation", "relu"],
    ]
    for number, job in enumerate(jobs):
        run = f"ours-{number}"
        elman.run("train", *job, "--out", run, "--hidden", 11, "--epochs", 3)
        elman.run("export", run, "--format", "onnx", "-o", f"{run}.onnx")
        model = onnx.load(elman.folder / f"{run}.onnx")
        onnx.checker.check_model(model, full_check=True)
        reading = elman.about(run)["meaning"]["reading"]
        if "numbers" in reading:
            name, data, rows = "x", "table.csv", [scaled(reading["numbers"], s) for s in series]
        else:
            name, data, rows = "tokens", "s.conll", [ids(reading["tokens"], s) for s in sentences]
        longest = max(map(len, rows))
        batch = np.stack([np.pad(row, ((0, longest - len(row)), (0, 0))) for row in rows])
        lengths = np.array([len(row) for row in rows], np.int32)
        together = run_onnx(model, {name: batch, "lengths": lengths})["y"]
        answers, about = elman.predict(run, data), elman.about(run)
        for row, y, answer in zip(rows, together, answers, strict=True):
            alone, y = shown(about, run_onnx(model, {name: row[None]})["y"][0]), shown(about, y)
            differences.see("trained nets: export -> ONNX Runtime, one by one", alone, answer["probabilities"])
            differences.see("trained nets: export -> ONNX Runtime, one ragged batch", y, answer["probabilities"])
        spec = about["spec"]
        if not any(layer["bidirectional"] for layer in spec["layers"]):
            streamed(model, name, rows, (about, answers), differences)
        elman.run("import", f"{run}.onnx", "-o", f"{run}-back")
        same = [(elman.folder / r / "model.safetensors").read_bytes() for r in (run, f"{run}-back")]
        if same[0] != same[1]:
            sys.exit(f"{run}: a round trip changed the model file")


def raw_nets(elman, rng, differences):
    """Columns in, names out: the scaling, missing values, neighbours and the temperature are in the graph."""
    series = [rng.normal(1000 + 5 * (i % 2), 3, (int(rng.integers(3, 12)), 2)) for i in range(90)]
    series[3][1, 0] = series[8][0, 1] = np.nan
    series[5][2, 1] = 1e9
    with open(elman.folder / "raw.csv", "w") as table:
        table.write("seq,t,a,b,label\n")
        for number, sequence in enumerate(series):
            for t, row in enumerate(sequence):
                cells = ["" if np.isnan(x) else repr(float(x)) for x in row]
                table.write(",".join([str(number), str(t), *cells, ["even", "odd"][number % 2]]) + "\n")
    for task, window in [("classify", 1), ("classify", 3), ("label", 5)]:
        run = f"raw-{task}-{window}"
        elman.run("train", task, "--train", "raw.csv", "--out", run, "--hidden", 7, "--window", window, "--epochs", 3)
        elman.run("export", run, "--format", "onnx", "--raw", "-o", f"{run}.onnx")
        model = onnx.load(elman.folder / f"{run}.onnx")
        onnx.checker.check_model(model, full_check=True)
        longest = max(map(len, series))
        batch = np.stack([np.pad(s, ((0, longest - len(s)), (0, 0)), constant_values=7e5) for s in series])
        out = run_onnx(model, {"columns": batch, "lengths": np.array([len(s) for s in series], np.int32)})
        answers = elman.predict(run, "raw.csv")
        for sequence, answer, y, name in zip(series, answers, out["y"], out["name"], strict=True):
            alone = run_onnx(model, {"columns": sequence[None]})
            for y, name in [(y, name), (alone["y"][0], alone["name"][0])]:
                if task == "label":
                    # Of every step the probability of its label.
                    y, name = y[: len(sequence)].max(-1), name[: len(sequence)]
                kind = "raw columns -> ONNX Runtime, the answers of elman predict"
                differences.see(kind, y, answer["probabilities"])
                found = answer["labels"] if task == "label" else answer["class"]
                if list(np.atleast_1d(name)) != list(np.atleast_1d(found)):
                    sys.exit(f"{run}: {name} instead of {found}")


def our_text(elman, differences):
    """A net that foresees characters: what every line costs, its state carried over from line to line."""
    lines = ["to be or not to be", "that is the question", "whether it is nobler", "", "to be!"]
    (elman.folder / "text.txt").write_text("\n".join(lines * 9) + "\n")
    elman.run("train", "text", "--train", "text.txt", "--out", "text", "--hidden", 24, "--epochs", 4, "--lines", "false")
    elman.run("export", "text", "--format", "onnx", "-o", "text.onnx")
    model = onnx.load(elman.folder / "text.onnx")
    known = {token: i + 1 for i, token in enumerate(elman.about("text")["meaning"]["lexicon"]["entries"])}
    before, fed = [1], {}
    for answer in elman.predict("text", "text.txt"):
        line = [known.get(c, 0) for c in answer["line"] + "\n"]
        # A step reads a token and foresees the next one.
        tokens = np.array(before + line[:-1], np.int64)[None, :, None]
        out = run_onnx(model, {"tokens": tokens, **fed})
        before, fed = line[-1:], {"state": out["state_out"]}
        foreseen = out["y"][0][np.arange(len(line)), line]
        differences.see("a text net, line by line from state to state", foreseen, np.exp(-np.array(answer["token_nats"])))


def streamed(model, name, rows, told, differences):
    """A step per call, from state to state."""
    about, answers = told
    for row, answer in zip(rows, answers):
        fed = {}
        for step in row:
            out = run_onnx(model, {name: step[None, None], **fed})
            fed = {"state": out["state_out"]}
        differences.see("trained nets: export -> ONNX Runtime, step by step", shown(about, out["y"][0]), answer["probabilities"])


def main():
    # The cases of other operators overflow on purpose.
    warnings.simplefilter("ignore")
    binary = pathlib.Path(sys.argv[1]).resolve()
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    differences = Differences()
    with tempfile.TemporaryDirectory() as folder:
        elman = Elman(binary, pathlib.Path(folder))
        node_tests(elman, differences)
        rng = np.random.default_rng(1)
        for number in range(200):
            RandomModel(rng).check(elman, number, differences)
        our_nets(elman, rng, differences)
        raw_nets(elman, rng, differences)
        our_text(elman, differences)
    differences.show()


main()
