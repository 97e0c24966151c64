#!/usr/bin/env bash
# Every command of docs/reference/playbook-original.md, typed against a whole private installation and held to what it
# should print or do. What differs here is read from docs/reference/playbook-commands.md. Needs nothing that runs;
# leaves nothing behind. Its last line counts; it ends with 1 when a command did not do what it should.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s --no-print-directory .venv/.ready >&2
exec .venv/bin/python -m scripts.verbatim
