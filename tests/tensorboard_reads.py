#!/usr/bin/env python3
"""Reads a run's event files with TensorBoard itself and compares them with the run's metrics.jsonl and, what its HParams plugin
reads, with config.toml.

    pip install tensorboard
    python3 tests/tensorboard_reads.py RUN [RUN ...]

A resumed run has several files; TensorBoard must see every epoch once, in order.
"""

import json
import pathlib
import sys
import tomllib

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

SCALARS = {
    "loss/train": "train_loss",
    "loss/valid": "valid_loss",
    "training/learning_rate": "learning_rate",
    "training/items_per_second": "items_per_second",
    "gradient/norm": "gradient_norm",
    "gradient/clipped": "clipped",
}


def expected(epochs):
    """Every scalar that the metrics call for: tag -> [(step, value)]."""
    found = {}
    for epoch in epochs:
        values = {tag: epoch[field] for tag, field in SCALARS.items()}
        values[f"score/{epoch['score_name']}"] = epoch["score"]
        doctor = epoch.get("doctor")
        if doctor:
            lags = doctor["gradient_by_lag"]
            for lag in (1, 2, 4, 8, 16, 32, 64):
                if lag < len(lags):
                    values[f"gradient_by_lag/{lag:02}"] = lags[lag]
            for layer in doctor["layers"]:
                name = layer["name"].replace(" ", "_")
                for figure in ("spectral_radius", "saturated", "dead"):
                    values[f"{figure}/{name}"] = layer[figure]
            for tensor in doctor["tensors"]:
                values[f"update_ratio/{tensor['name']}"] = tensor["update_ratio"]
        for tag, value in values.items():
            found.setdefault(tag, []).append((epoch["epoch"], value))
    return found


def check(run):
    """Raises an AssertionError with the first difference."""
    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert epochs, f"{run}: no epochs"
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    wanted = expected(epochs)
    tags = events.Tags()
    assert sorted(tags["scalars"]) == sorted(wanted), (run, set(tags["scalars"]) ^ set(wanted))
    for tag, points in wanted.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert [step for step, _ in found] == [step for step, _ in points], (run, tag, found)
        for (step, value), (_, number) in zip(found, points):
            assert abs(value - number) <= 1e-6 * max(abs(number), 1e-30), (run, tag, step, value, number)
    steps = [epoch["epoch"] for epoch in epochs]
    assert tags["histograms"], f"{run}: no histograms"
    for tag in tags["histograms"]:
        histograms = events.Histograms(tag)
        assert [event.step for event in histograms] == steps, (run, tag)
        for event in histograms:
            histogram = event.histogram_value
            assert sum(histogram.bucket) == histogram.num > 0, (run, tag)
    return len(wanted), len(tags["histograms"]), len(epochs)


def check_settings(run):
    """The same for the settings, but those that a resumed run may change: the plugin keeps what the first file says."""
    events = EventAccumulator(str(run))
    events.Reload()
    records = {}
    for tag, content in events.PluginTagToContent("hparams").items():
        records[tag] = plugin_data_pb2.HParamsPluginData.FromString(content)
    wanted = tomllib.loads((run / "config.toml").read_text())
    for name in ("out", "epochs", "lr", "schedule", "patience", "time-limit"):
        wanted.pop(name, None)
    session = records["_hparams_/session_start_info"].session_start_info
    for name, value in wanted.items():
        found = session.hparams[name]
        kind = found.WhichOneof("kind")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        assert kind == ("number_value" if number else "bool_value" if isinstance(value, bool) else "string_value"), (run, name, kind)
        assert getattr(found, kind) == value, (run, name, found, value)
    experiment = records["_hparams_/experiment"].experiment
    assert {info.name for info in experiment.hparam_infos} == set(session.hparams), run
    tags = set(events.Tags()["scalars"])
    assert {info.name.tag for info in experiment.metric_infos} <= tags, (run, experiment.metric_infos)
    assert records["_hparams_/session_end_info"].session_end_info.status == api_pb2.STATUS_SUCCESS, run
    return len(wanted)


def main():
    """Checks every run that is named."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        scalars, histograms, epochs = check(pathlib.Path(name))
        settings = check_settings(pathlib.Path(name))
        print(f"{name}: {scalars} scalars and {histograms} histograms agree over {epochs} epochs, and {settings} settings")


if __name__ == "__main__":
    main()
