#!/usr/bin/env bash
# Create .venv, install a lock file into it, and this checkout: scripts/venv.sh requirements.lock
set -euo pipefail
cd "$(dirname "$0")/.."
lock="$1"

python="$(scripts/python.sh)"
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Creating .venv with $("$python" --version) ..."
    if ! "$python" -m venv --clear .venv >/dev/null 2>&1; then
        # Some distributions ship venv without what brings pip into it.
        "$python" -m venv --clear --without-pip .venv
        "$python" -m pip --python .venv/bin/python install -qq pip || {
            echo "No pip could be put into .venv; on Debian: apt-get install python3-venv" >&2
            exit 1
        }
    fi
fi

# Twice quiet: errors only, no warnings about settings of this machine.
pip_install() {
    .venv/bin/python -m pip --disable-pip-version-check install -qq "$@"
}

echo "Installing $lock ..."
pip_install --require-hashes --requirement "$lock"
pip_install --no-deps --no-build-isolation --no-index --editable .
