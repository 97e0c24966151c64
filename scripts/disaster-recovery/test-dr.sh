#!/usr/bin/env bash
# The monthly disaster drill. Needs nothing that runs: it plays on a private installation, removed afterwards.
# Its last line is `RTO … RPO … lost …`; it ends with 1 when something was not as promised.
set -euo pipefail
cd "$(dirname "$0")/../.."
make --no-print-directory .venv/.ready >&2
[ $# -gt 0 ] || set -- monthly --messages 1000
exec .venv/bin/anclora drill run "$@"
