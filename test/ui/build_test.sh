#!/usr/bin/env bash
# usage: build_test.sh <folder of the page> <folder to work in>
# Builds the page from its sources and compares what comes out with what is committed.
set -euo pipefail
source="$(cd "$1" && pwd)"
work="$2"
mkdir -p "$work"
# Without the modules of a developer's own.
tar -C "$source" --exclude=./node_modules --exclude=./dist -cf - . | tar -C "$work" -xf -
cd "$work"
rm -rf dist
npm ci --no-audit --no-fund --silent
npm run --silent build
npm test --silent
diff -r "$source/dist" dist
echo "the committed page is what its sources make"
