"""Who collects traces and errors, as servers on a socket: they keep what they get, and refuse what real ones do."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.waiting import eventually

KEY = "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6"
PROJECT = "7"


@dataclass(frozen=True)
class Span:
    """A span as it arrived."""

    name: str
    trace_id: str
    parent_id: str
    attributes: dict[str, str]
    links: int


@dataclass
class Collectors:
    """What came.

    Attributes:
        raw: every body, unpacked, as the bytes that travelled.
        items: of envelopes, by type: event, check_in, …
    """

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    items: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process send everything here, by the field's own names."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "SENTRY_DSN": f"http://{KEY}@127.0.0.1:{self.port}/{PROJECT}",
        }

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The items of one type."""
        return [item for its, item in self.items if its == kind]

    async def has(self, *, spans: int = 0, events: int = 0, check_ins: int = 0) -> None:
        """Wait until so much has come."""

        async def came() -> bool:
            found = (len(self.spans), len(self.of("event")), len(self.of("check_in")))
            return all(have >= want for have, want in zip(found, (spans, events, check_ins), strict=True))

        await eventually(came, timeout_seconds=90)

    async def take_spans(self, request: web.Request) -> web.Response:
        """OTLP over HTTP: protobuf, at this path, or nothing."""
        if request.content_type != "application/x-protobuf":
            return web.Response(status=415)
        body = await _body(request)
        self.raw.append(body)
        asked = ExportTraceServiceRequest.FromString(body)
        for resource in asked.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    about = {each.key: str(each.value.string_value or each.value.int_value) for each in span.attributes}
                    self.spans.append(
                        Span(span.name, span.trace_id.hex(), span.parent_span_id.hex(), about, len(span.links))
                    )
        return web.Response(content_type="application/x-protobuf")

    async def take_envelope(self, request: web.Request) -> web.Response:
        """Sentry's envelopes: a line of JSON for the whole, then for each item a line and its payload."""
        if (
            f"sentry_key={KEY}" not in request.headers.get("X-Sentry-Auth", "")
            or request.match_info["project"] != PROJECT
        ):
            return web.json_response({"detail": "wrong key or project"}, status=403)
        body = await _body(request)
        self.raw.append(body)
        _, _, rest = body.partition(b"\n")
        while rest.strip():
            head, _, rest = rest.partition(b"\n")
            about = json.loads(head)
            size = about.get("length", rest.find(b"\n") if b"\n" in rest else len(rest))
            payload, rest = rest[:size], rest[size:].removeprefix(b"\n")
            self.items.append((about["type"], json.loads(payload)))
        return web.json_response({"id": "0" * 32})


async def _body(request: web.Request) -> bytes:
    body = await request.read()
    packed = request.headers.get("Content-Encoding") == "gzip" and body.startswith(b"\x1f\x8b")
    return await asyncio.to_thread(gzip.decompress, body) if packed else body


@contextlib.asynccontextmanager
async def collecting() -> AsyncGenerator[Collectors, None]:
    """Both, on one port of loopback, for the length of a block."""
    found = Collectors()
    app = web.Application()
    app.router.add_post("/v1/traces", found.take_spans)
    app.router.add_post("/api/{project}/envelope/", found.take_envelope)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        found.port = runner.addresses[0][1]
        yield found
    finally:
        await runner.cleanup()
