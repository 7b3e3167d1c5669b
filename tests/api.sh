#!/usr/bin/env bash
# Everything public in elman-core, against the listing in tests/api.txt: a change of it breaks somebody's firmware, or is a promise
# for good, and is seen in the diff either way. `tests/api.sh renew` writes the listing anew.
set -euo pipefail
cd "$(dirname "$0")/.."

# The form of what rustdoc writes changes from week to week, and the tool follows.
nightly=nightly-2026-07-10
tool=0.52.0
rustup toolchain list | grep -q "^$nightly" || rustup toolchain install "$nightly" --profile minimal
cargo public-api --version 2>/dev/null | grep -qw "$tool" || cargo install --locked --quiet --debug cargo-public-api --version "$tool"

found=$(mktemp)
trap 'rm -f "$found"' EXIT
cargo "+$nightly" public-api -p elman-core -sss --target-dir "${CARGO_TARGET_DIR:-target}/api" >"$found"
test -s "$found"
if [[ "${1:-}" == renew ]]; then
    cp "$found" tests/api.txt
elif ! diff -u --label listed --label found tests/api.txt "$found"; then
    echo "the public API of elman-core is not the listed one; if it is meant: tests/api.sh renew, and a line in CHANGELOG.md" >&2
    exit 1
fi
echo "$(wc -l <"$found") public items of elman-core"
