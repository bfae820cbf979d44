#!/usr/bin/env bash
# What the tests need from Debian: a browser, Postgres, an SSH server, and curl for the examples of
# docs/server.md.
# Nothing is done where they are there already.
set -euo pipefail

missing=()
[[ -x /usr/bin/chromium ]] || missing+=(chromium)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null \
    || missing+=(postgresql)
[[ -x /usr/sbin/sshd ]] || missing+=(openssh-server)
command -v curl >/dev/null || missing+=(curl)
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || [[ $EUID -ne 0 ]]; then
    echo "${missing[*]}: not found; the tests need it (as root on Debian: apt-get install ${missing[*]})" >&2
    exit 1
fi
echo "installing ${missing[*]} for the tests"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
