"""Writes the golden vectors beside this script. Needs PyTorch; reading them does not.

    python tests/golden/generate.py

Every number is an f32 in its shortest decimal form. Tensors keep PyTorch's names, shapes and layout.
Batches are padded here and packed with pack_padded_sequence; the files hold each sequence by itself.
"""

import json
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FOLDER = Path(__file__).parent


def plain(value):
    """Tensors as nested lists of the shortest decimals that are the same f32."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        if value.dtype == torch.int64:
            return value.tolist()
        return numpy.vectorize(lambda x: float(str(numpy.float32(x))), otypes=[object])(value.numpy()).tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def write(name, content):
    text = json.dumps(plain(content), separators=(",", ":"))
    # One top-level key a line, so that a change shows in a diff.
    (FOLDER / f"{name}.json").write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


class Net(nn.Module):
    """nn.RNN, nn.GRU or nn.LSTM with what elman puts around it. Its second bias is zero and not trained, but for the part
    that stays apart: a GRU's hidden bias of n."""

    def __init__(self, width, hidden, layers, both, activation, outputs, last, channels=(), window=1, trained=False,
                 cell="rnn"):
        super().__init__()
        self.config = dict(width=width, hidden=hidden, layers=layers, both=both, activation=activation,
                           outputs=outputs, last=last, channels=channels, window=window, trained=trained)
        if cell != "rnn":
            self.config["cell"] = cell
        self.last, self.window, self.channels, self.cell = last, window, channels, cell
        self.embedding = nn.ModuleList(nn.Embedding(ids + 1, numbers) for ids, numbers in channels)
        directions = 2 if both else 1
        self.h0 = nn.Parameter(torch.randn(layers * directions, hidden) * 0.3) if trained else None
        self.c0 = nn.Parameter(torch.randn(layers * directions, hidden) * 0.3) if trained and cell == "lstm" else None
        width = window * sum(numbers for _, numbers in channels) or width
        kind = dict(rnn=nn.RNN, gru=nn.GRU, lstm=nn.LSTM)[cell]
        settings = dict(nonlinearity=activation) if cell == "rnn" else {}
        self.rnn = kind(width, hidden, layers, bidirectional=both, batch_first=True, **settings)
        self.head = nn.Linear(directions * hidden, outputs)
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias_hh"):
                if cell == "gru":
                    parameter.data[:2 * hidden] = 0.0
                    parameter.register_hook(lambda gradient: torch.cat([torch.zeros(2 * hidden), gradient[2 * hidden:]]))
                else:
                    nn.init.zeros_(parameter).requires_grad_(False)

    def neighbours(self, tokens):
        """Embeddings of the context window: window positions outside, channels inside."""
        half = self.window // 2
        parts = []
        for offset in range(-half, half + 1):
            for channel, table in enumerate(self.embedding):
                padding = self.channels[channel][0]
                ids = torch.full((len(tokens),), padding)
                for t in range(len(tokens)):
                    if 0 <= t + offset < len(tokens):
                        ids[t] = tokens[t + offset][channel]
                parts.append(table(ids))
        return torch.cat(parts, dim=1)

    def forward(self, sequences, carried=None):
        rows = [self.neighbours(tokens) if self.channels else tokens for tokens in sequences]
        lengths = [len(row) for row in rows]
        packed = pack_padded_sequence(nn.utils.rnn.pad_sequence(rows, batch_first=True), lengths, batch_first=True)
        start = carried
        if self.h0 is not None:
            trained = [parameter for parameter in (self.h0, self.c0) if parameter is not None]
            trained = [state[:, None, :].expand(-1, len(rows), -1).contiguous() for state in trained]
            start = tuple(trained) if self.cell == "lstm" else trained[0]
        states, final = self.rnn(packed, start)
        padded, _ = pad_packed_sequence(states, batch_first=True)
        if self.last:
            hidden = final[0] if self.cell == "lstm" else final
            top = hidden[-2:] if self.rnn.bidirectional else hidden[-1:]
            outputs = [self.head(torch.cat(list(top[:, b]))[None]) for b in range(len(rows))]
        else:
            outputs = [self.head(padded[b, :length]) for b, length in enumerate(lengths)]
        return outputs, final

    def names(self, attribute):
        """Parameters, or their gradients, under the names that elman uses."""
        found = {}
        for name, parameter in self.named_parameters():
            value = parameter if attribute == "value" else parameter.grad
            if name in ("h0", "c0"):
                directions = 2 if self.rnn.bidirectional else 1
                for index, row in enumerate(value):
                    suffix = "_reverse" if index % directions else ""
                    found[f"{name}_l{index // directions}{suffix}"] = row
            elif not name.startswith("rnn.bias_hh"):
                found[name] = value
            elif self.cell == "gru":
                # Of an earlier name: PyTorch lists the second bias after the first.
                first = name.replace("bias_hh", "bias_ih")
                found[first] = torch.cat([found[first], value[2 * self.rnn.hidden_size:]])
        return found

    def in_order(self, states):
        """States in elman's order: layer by layer h, then c, of each the forward direction first."""
        if self.cell != "lstm":
            return states
        directions = 2 if self.rnn.bidirectional else 1
        return torch.cat([part for pair in zip(*(s.split(directions) for s in states)) for part in pair])


def loss_of(outputs, targets, class_weights=None):
    flat, wanted = torch.cat(outputs), torch.cat(targets)
    if wanted.dtype == torch.int64:
        return nn.functional.cross_entropy(flat, wanted, weight=class_weights, ignore_index=-100)
    return nn.functional.mse_loss(flat, wanted)


def golden_net(name, net, sequences, targets, class_weights=None, carried=None, training=None):
    """targets: class ids per output row (-100 does not count), or rows of numbers. training: an optimizer that takes ten
    steps."""
    outputs, final = net(sequences, carried)
    loss = loss_of(outputs, targets, class_weights)
    loss.backward()
    content = dict(config=net.config, sequences=sequences, targets=targets, class_weights=class_weights,
                   carried=None if carried is None else net.in_order(carried), params=net.names("value"),
                   outputs=outputs, final_state=net.in_order(final), loss=loss, gradients=net.names("gradient"))
    # The numbers of now: training changes the tensors.
    content = plain(content)
    if training is not None:
        content["training"] = ten_steps(net, training, lambda: loss_of(net(sequences, carried)[0], targets, class_weights))
    write(name, content)


def ten_steps(net, training, loss_of_now):
    """The losses before each of ten steps, and the parameters after them."""
    name, kind, settings = training
    optimizer, losses = kind([p for p in net.parameters() if p.requires_grad], **settings), []
    for _ in range(10):
        optimizer.zero_grad()
        loss = loss_of_now()
        losses.append(loss.detach())
        loss.backward()
        optimizer.step()
    return dict(name=name, settings=settings_of(optimizer), losses=losses, params=net.names("value"))


def settings_of(optimizer):
    return {key: value for key, value in optimizer.param_groups[0].items()
            if key in ("lr", "momentum", "nesterov", "weight_decay", "eps", "alpha", "betas")}


def dense(lengths, width):
    return [torch.randn(length, width) for length in lengths]


def tokens(lengths, channels):
    return [torch.stack([torch.randint(ids, (length,)) for ids, _ in channels], dim=1) for length in lengths]


def classes(lengths, outputs, ignored=0.0):
    targets = [torch.randint(outputs, (length,)) for length in lengths]
    for target in targets[1:]:
        target[torch.rand(len(target)) < ignored] = -100
    return targets


def nets():
    lengths = [6, 4, 4, 1]
    golden_net("stacked_tanh_mse", Net(5, 7, 3, False, "tanh", 3, False), dense(lengths, 5), dense(lengths, 3))
    golden_net("carried_tanh_mse", Net(4, 9, 2, False, "tanh", 2, False), dense(lengths, 4), dense(lengths, 2),
               carried=torch.randn(2, 4, 9) * 0.5)
    golden_net("both_relu_entropy", Net(4, 6, 2, True, "relu", 5, False), dense(lengths, 4),
               classes(lengths, 5, ignored=0.3), class_weights=torch.tensor([0.5, 1.0, 2.0, 0.25, 1.5]))
    golden_net("both_tanh_last", Net(3, 6, 2, True, "tanh", 4, True, trained=True), dense(lengths, 3),
               classes([1] * 4, 4))
    channels = ((7, 4), (3, 2))
    golden_net("tokens_window_trained_h0", Net(0, 8, 1, True, "tanh", 4, False, channels, 3, True),
               tokens(lengths, channels), classes(lengths, 4, ignored=0.2))
    golden_net("single_tokens_relu", Net(0, 17, 1, False, "relu", 6, False, ((6, 5),), 1),
               tokens(lengths, ((6, 5),)), classes(lengths, 6))


MOMENTUM = ("sgd", torch.optim.SGD, dict(lr=0.1, momentum=0.9))
ADAM = ("adam", torch.optim.Adam, dict(lr=0.01, eps=1e-3))


def gated():
    lengths = [6, 4, 4, 1]
    for cell, training in (("gru", MOMENTUM), ("lstm", ADAM)):
        carried = torch.randn(3, 4, 7) * 0.5
        if cell == "lstm":
            carried = (carried, torch.randn(3, 4, 7) * 0.5)
        golden_net(f"{cell}_stacked_mse", Net(5, 7, 3, False, None, 3, False, cell=cell), dense(lengths, 5),
                   dense(lengths, 3), carried=carried, training=training)
    channels = ((7, 4), (3, 2))
    for cell, training in (("gru", ADAM), ("lstm", MOMENTUM)):
        golden_net(f"{cell}_both_trained_start", Net(0, 6, 2, True, None, 4, False, channels, 3, True, cell),
                   tokens(lengths, channels), classes(lengths, 4, ignored=0.2), training=training)
        golden_net(f"{cell}_both_last", Net(3, 17, 1, True, None, 4, True, cell=cell), dense(lengths, 3),
                   classes([1] * 4, 4))


OPTIMIZERS = [
    ("sgd", torch.optim.SGD, dict(lr=0.1), [{}, dict(weight_decay=0.05), dict(momentum=0.9),
                                            dict(momentum=0.9, nesterov=True),
                                            dict(momentum=0.8, nesterov=True, weight_decay=0.05)]),
    ("adagrad", torch.optim.Adagrad, dict(lr=0.1), [{}, dict(weight_decay=0.05), dict(eps=1e-3)]),
    ("rmsprop", torch.optim.RMSprop, dict(lr=0.01), [{}, dict(weight_decay=0.05), dict(alpha=0.9, eps=1e-4)]),
    ("adam", torch.optim.Adam, dict(lr=0.01), [{}, dict(weight_decay=0.05), dict(betas=(0.8, 0.95), eps=1e-4)]),
    ("adamw", torch.optim.AdamW, dict(lr=0.01), [dict(weight_decay=0.01), dict(weight_decay=0.0),
                                                 dict(weight_decay=0.1, betas=(0.8, 0.95), eps=1e-4)]),
]


def optimizers():
    """Ten steps over a fixed row of gradients; 19 numbers are a strip of sixteen and a rest."""
    start, gradients = torch.randn(19), [torch.randn(19) * 0.7 for _ in range(10)]
    runs = []
    for name, kind, base, variants in OPTIMIZERS:
        for variant in variants:
            parameter = nn.Parameter(start.clone())
            optimizer, after = kind([parameter], **base, **variant), []
            for gradient in gradients:
                parameter.grad = gradient.clone()
                optimizer.step()
                after.append(parameter.detach().clone())
            runs.append(dict(name=name, settings=settings_of(optimizer), after=[after[0], after[1], after[9]]))
    write("optimizers", dict(start=start, gradients=gradients, steps=[1, 2, 10], runs=runs))


def clipping():
    gradient, runs = torch.randn(37), []
    for limit in (0.5, 3.0, 100.0):
        by_norm, by_value = nn.Parameter(torch.zeros(37)), nn.Parameter(torch.zeros(37))
        by_norm.grad, by_value.grad = gradient.clone(), gradient.clone()
        norm = clip_grad_norm_([by_norm], limit)
        clip_grad_value_([by_value], limit)
        runs.append(dict(limit=limit, norm=norm, by_norm=by_norm.grad, by_value=by_value.grad))
    write("clipping", dict(gradient=gradient, runs=runs))


if __name__ == "__main__":
    torch.manual_seed(20)
    nets()
    optimizers()
    clipping()
    torch.manual_seed(21)
    gated()
