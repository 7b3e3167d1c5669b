#!/usr/bin/env python3
"""Keeps the table of what steps cost, which `elman inspect --chip` reads and the README quotes: elman-cli/src/net/figures.json.

    figures.py check rust "rustc 1.96.0" < rows     fails where a row is not the table's
    figures.py write rust "rustc 1.96.0" < rows     puts the rows into the table

A row: chip route net level instructions code ram stack, with spaces between; '-' is a number that was not measured. Counts belong to
a compiler: where another one counted, `check` says so and compares nothing, but in CI (CI=true) it fails.
"""

import json
import os
import sys
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "elman-cli/src/net/figures.json"
KEY = ("chip", "route", "net", "level")
NUMBERS = ("instructions", "code", "ram", "stack")


def key(row):
    return tuple(row[name] for name in KEY)


def read(lines):
    for line in lines:
        words = line.split()
        if len(words) != len(KEY) + len(NUMBERS):
            sys.exit(f"figures.py: no row: {line.strip()}")
        numbers = (None if word == "-" else int(word) for word in words[len(KEY) :])
        yield dict(zip(KEY, words)) | dict(zip(NUMBERS, numbers))


def write(table, rows, language, compiler):
    merged = {key(row): row for row in table["rows"]} | {key(row): row for row in rows}
    lines = ",\n".join(f"    {json.dumps(merged[name])}" for name in sorted(merged))
    compilers = json.dumps(table["compilers"] | {language: compiler}, sort_keys=True)
    TABLE.write_text(f'{{\n  "compilers": {compilers},\n  "rows": [\n{lines}\n  ]\n}}\n')
    print(f"{len(rows)} rows written to {TABLE}")


def check(table, rows, language, compiler):
    known = table["compilers"].get(language)
    if known != compiler:
        print(f"figures not compared: they were counted with {known}, and these with {compiler}")
        return os.environ.get("CI") != "true"
    stored = {key(row): row for row in table["rows"]}
    same = True
    for row in rows:
        if stored.get(key(row)) != row:
            print(f"figures.json says {stored.get(key(row))}\n      counted now {row}")
            same = False
    print(f"{len(rows)} rows compared with figures.json: " + ("all as counted" if same else "it is stale, see --write"))
    return same


def main():
    action, language, compiler = sys.argv[1:]
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {"compilers": {}, "rows": []}
    rows = list(read(sys.stdin))
    if action == "write":
        write(table, rows, language, compiler)
    elif not check(table, rows, language, compiler):
        sys.exit(1)


main()
