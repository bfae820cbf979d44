#!/usr/bin/env bash
# What the browser tests need from Debian. Nothing is done where it is there already.
set -euo pipefail

if [[ -x /usr/bin/chromium ]]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || [[ $EUID -ne 0 ]]; then
    echo "chromium: not found in /usr/bin; the browser tests need it (as root on Debian: apt-get install chromium)" >&2
    exit 1
fi
echo "installing chromium for the browser tests"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
