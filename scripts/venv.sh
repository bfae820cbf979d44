#!/usr/bin/env bash
# Create an environment, install a lock file into it, and this checkout where the lock has what it is
# built with: scripts/venv.sh requirements.lock [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
lock="$1"
venv="${2:-.venv}"

python="$(scripts/python.sh)"
if ! "$venv"/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Creating $venv with $("$python" --version) ..."
    if ! "$python" -m venv --clear "$venv" >/dev/null 2>&1; then
        # Some distributions ship venv without what brings pip into it.
        "$python" -m venv --clear --without-pip "$venv"
        "$python" -m pip --python "$venv"/bin/python install -qq pip || {
            echo "No pip could be put into $venv; on Debian: apt-get install python3-venv" >&2
            exit 1
        }
    fi
fi

# Twice quiet: errors only, no warnings about settings of this machine.
pip_install() {
    "$venv"/bin/python -m pip --disable-pip-version-check install -qq "$@"
}

echo "Installing $lock ..."
pip_install --require-hashes --requirement "$lock"
if grep -q '^hatchling==' "$lock"; then
    pip_install --no-deps --no-build-isolation --no-index --editable .
fi

# Byte code, also where the environment (PYTHONDONTWRITEBYTECODE) keeps Python from writing any: without
# it every start reads all sources anew. Packages may hold files that are no Python of this version.
packages="$("$venv"/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
"$venv"/bin/python -m compileall -qq "$packages" src/tawny || true
if grep -q '^hatchling==' "$lock"; then
    env -u PYTHONDONTWRITEBYTECODE "$venv"/bin/python -c \
        'from tawny.server.pages.rendering import warm; warm()'
fi
