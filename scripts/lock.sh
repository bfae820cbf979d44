#!/usr/bin/env bash
# Write requirements.lock (what Tawny needs to run, and to be installed from a checkout) and
# requirements-dev.lock (that, and what its tests need) from pyproject.toml; and, for the tests of
# engines, requirements-engines.lock (Tawny with a client of clusters, and Sail) and
# requirements-apache.lock (Apache Spark).
#
#   scripts/lock.sh              keep the versions that still fit
#   scripts/lock.sh --upgrade    take the newest versions that fit
#
# The files name no index and no folder of this machine, and hold the hashes of every platform.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v uv >/dev/null; then
    make --silent .venv/runtime.stamp
    .venv/bin/python -m pip install --quiet uv
    export PATH="$PWD/.venv/bin:$PATH"
fi

python="$(scripts/python.sh)"
# An editable install without build isolation needs the build backend beside the rest, and what
# that backend asks for when a project is to stay where it is.
build_requirements="$("$python" - <<'PY'
import tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join([*tomllib.load(file)["build-system"]["requires"], "editables"]))
PY
)"

# compile TARGET [option...]
compile() {
    local target="$1"
    shift
    written "$target" pyproject.toml - "$@" <<<"$build_requirements"
}

# compile_group NAME [option...]: a group by itself, without Tawny
compile_group() {
    local group="$1"
    shift
    written "requirements-$group.lock" --group "$group" "$@"
}

# written TARGET SOURCE... [option...]
written() {
    local target="$1"
    shift
    uv pip compile "$@" \
        --output-file "$target" \
        --universal --python-version 3.11 \
        --generate-hashes --no-annotate --no-config \
        --no-emit-index-url --no-emit-find-links \
        --custom-compile-command scripts/lock.sh \
        --quiet
}

compile requirements-dev.lock --group dev "$@"
# The same versions with and without the tests: what is tested is what runs.
compile requirements.lock --constraints requirements-dev.lock "$@"
compile requirements-engines.lock --extra spark --group engines \
    --constraints requirements-dev.lock "$@"
compile_group apache "$@"
