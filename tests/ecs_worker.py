"""A tiny worker for the stand-in of ECS: `ecs_worker.py FAIL_EVERY`. It answers `/work`, and counts as ours do.

Every so many-th answer is a 500 (0 = none). It listens at `PORT`; with SIGTERM it is gone.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

FAIL_EVERY = int(sys.argv[1])
_turns = count(1)
_codes = {"200": 0, "500": 0}


def shown() -> str:
    """What `/metrics` answers."""
    lines = [f'anclora_http_requests_total{{route="/work",code="{code}"}} {n}' for code, n in _codes.items()]
    answers = f'anclora_http_request_duration_seconds_bucket{{route="/work",le="0.1"}} {sum(_codes.values())}'
    return "\n".join([*lines, answers, "process_resident_memory_bytes 1.5e+08", ""])


class Worker(BaseHTTPRequestHandler):
    """Its one door."""

    def do_GET(self) -> None:
        body = shown().encode() if self.path == "/metrics" else b"done"
        code = "500" if self.path == "/work" and FAIL_EVERY and next(_turns) % FAIL_EVERY == 0 else "200"
        if self.path == "/work":
            _codes[code] += 1
        self.send_response(int(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
        """Silent."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Worker).serve_forever()
