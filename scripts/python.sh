#!/usr/bin/env bash
# Print a Python that is new enough, or say in one line what to do. $PYTHON, if set, is the only
# one that is looked at.
set -euo pipefail

candidates="${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}"
for candidate in $candidates; do
    # A name may be there and still not run, as with version managers.
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
found="$(python3 --version 2>&1)" || found="no python3"
echo "Tawny needs Python 3.11 or newer; found $found, looked for: $candidates." \
    "Install one, or name it: make PYTHON=/path/to/python3.11" >&2
exit 1
