#!/usr/bin/env bash
# Print a Python that is new enough, or say in one line what to do. $PYTHON, if set, is the only
# one that is looked at.
set -euo pipefail

candidates="${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}"
found=""
for candidate in $candidates; do
    # A name may be there and still not run, as with version managers.
    version="$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)" ||
        continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        command -v "$candidate"
        exit 0
    fi
    found+="$candidate is $version; "
done
echo "Tawny needs Python 3.11 or newer: ${found:-found none of $candidates; }install one," \
    "or name it: make PYTHON=/path/to/python3.11" >&2
exit 1
