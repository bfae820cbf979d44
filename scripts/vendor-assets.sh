#!/usr/bin/env bash
# Fetch the browser libraries from npm, check them against the recorded sums, lay them into the tree.
#
#   scripts/vendor-assets.sh            fetch the pinned versions; fails when a sum differs
#   scripts/vendor-assets.sh --record   after changing a version below: write the new sums
#
# What is served to users goes to src/tawny/server/static/vendor, what only tests load to
# tests/browser/vendor; each file with the licence of its package beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

served=src/tawny/server/static/vendor
tests=tests/browser/vendor
# package version | path in the package | where it goes
assets=(
  "htmx.org 4.0.1|dist/htmx.min.js|$served/htmx.min.js"
  "htmx.org 4.0.1|LICENSE|$served/htmx.LICENSE"
  "@fontsource-variable/figtree 5.3.0|files/figtree-latin-wght-normal.woff2|$served/figtree-latin.woff2"
  "@fontsource-variable/figtree 5.3.0|files/figtree-latin-ext-wght-normal.woff2|$served/figtree-latin-ext.woff2"
  "@fontsource-variable/figtree 5.3.0|LICENSE|$served/figtree.LICENSE"
  "axe-core 4.14.1|axe.min.js|$tests/axe.min.js"
  "axe-core 4.14.1|LICENSE|$tests/axe.LICENSE"
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for asset in "${assets[@]}"; do
  IFS='|' read -r package path target <<<"$asset"
  read -r name version <<<"$package"
  folder="$work/${name//\//-}-$version"
  if [ ! -d "$folder" ]; then
    mkdir -p "$folder"
    archive=$(cd "$work" && npm pack --silent "$name@$version" 2>/dev/null | tail -n 1)
    tar -xzf "$work/$archive" -C "$folder" --strip-components=1
  fi
  mkdir -p "$(dirname "$target")"
  # The reference to a source map would make browsers ask for a file that is not served.
  case $target in
    *.woff2) cp "$folder/$path" "$target" ;;
    *) sed '/^\/\/# sourceMappingURL=/d' "$folder/$path" >"$target" ;;
  esac
done

sums=scripts/vendor-assets.sha256
if [ "${1:-}" = --record ]; then
  {
    echo "# Written by scripts/vendor-assets.sh --record"
    for asset in "${assets[@]}"; do
      IFS='|' read -r package path target <<<"$asset"
      echo "# $package $path"
      sha256sum "$target"
    done
  } >"$sums"
fi
grep -v '^#' "$sums" | sha256sum --check --quiet
