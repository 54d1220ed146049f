#!/bin/sh
# The console in a real Chromium, with axe-core's rules from PyPI.
#
# usage:  Tests/Browser/console.sh [PROGRAM [PICTURES]]       needs chromium and chromedriver (Debian: chromium chromium-driver)
set -eu
cd "$(dirname "$0")/../.."
program=${1:-$(swift build -c release --show-bin-path)/striate}
[ $# -gt 0 ] && shift
[ -x "$program" ] || { echo "there is no program $program; build it first" >&2; exit 1; }
environment=.build/browser
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
# The package carries axe-core beside a library that is not needed.
if grep -v '^#' Tests/Browser/requirements.txt | xargs "$environment/bin/python" -m pip install --quiet \
    --disable-pip-version-check --retries 1 --timeout 30 --no-deps &&
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check onnx; then
    exec "$environment/bin/python" Tests/Browser/console.py "$program" "$@"
fi
echo "console: skipped, because PyPI cannot be reached or lacks a version"
