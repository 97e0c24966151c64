"""Traces by OpenTelemetry, sent by OTLP over HTTP; configured by the field's own variables (`OTEL_*`).

`OTEL_TRACES_SAMPLER` and its `_ARG` say which share of the messages and requests is traced: `always_on`, `always_off`,
or a ratio (also in its `parentbased_` form); without them one in twenty. The spans wait in a bounded line; when the
collector is away the oldest are dropped, and nobody waits for it.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from random import Random
from uuid import UUID

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from anclora.kit import tracing
from anclora.kit.errors import SetupError
from anclora.kit.masking import masked
from anclora.kit.tracing import Kind, Value

_SERVICE = "anclora"
_DEFAULT_SHARE = 0.05
_RANDOM_BITS = 32  # the lowest of an id; those above may count up within a millisecond
_SPAN_BITS = (1 << 64) - 1
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}


def share_wanted(environment: Mapping[str, str]) -> float:
    """The share that is traced, 0 to 1.

    Raises:
        SetupError: a value nobody can read.
    """
    name = environment.get("OTEL_TRACES_SAMPLER", "").removeprefix("parentbased_")
    if name in ("always_on", "always_off"):
        return float(name == "always_on")
    if name not in ("", "traceidratio"):
        raise SetupError("OTEL_TRACES_SAMPLER must be always_on, always_off, traceidratio or one of them parentbased_.")
    word = environment.get("OTEL_TRACES_SAMPLER_ARG", "")
    try:
        share = float(word) if word else (1.0 if name else _DEFAULT_SHARE)
    except ValueError as error:
        raise SetupError("OTEL_TRACES_SAMPLER_ARG must be a share between 0 and 1, such as 0.05.") from error
    if not 0 <= share <= 1:
        raise SetupError("OTEL_TRACES_SAMPLER_ARG must be a share between 0 and 1, such as 0.05.")
    return share


class _Ids(RandomIdGenerator):
    """Random ids, but for a span that must have given ones."""

    given: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        """The trace's."""
        return self.given[0] if self.given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """The span's."""
        return self.given[1] if self.given else super().generate_span_id()


class Exported:
    """Tells OpenTelemetry. Not a word and no whole number of anybody goes along, whatever the attributes are."""

    def __init__(self, *, version: str) -> None:
        self._share = share_wanted(os.environ)
        self._most = int(self._share * (1 << _RANDOM_BITS))
        self._dice = Random()  # noqa: S311 - chooses what is traced, guards nothing
        self._ids = _Ids()
        resource = Resource.create({"service.version": version, "service.name": _service()})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE, version)
        self._propagator = TraceContextTextMapPropagator()

    def wants(self, message_id: UUID) -> bool:
        """Whether this message is traced: every process says the same."""
        return (message_id.int & ((1 << _RANDOM_BITS) - 1)) < self._most

    def tell(
        self,
        message_id: UUID,
        name: str,
        *,
        began: datetime,
        ended: datetime,
        kind: Kind = "internal",
        first: bool = False,
        failed: str | None = None,
        attributes: Mapping[str, Value],
    ) -> None:
        """One step of a message that is over."""
        root = SpanContext(message_id.int, message_id.int & _SPAN_BITS, is_remote=True, trace_flags=_SAMPLED)
        request = tracing.REQUEST.get()
        links = [Link(request.context)] if isinstance(request, _Request) else []
        self._ids.given = (root.trace_id, root.span_id) if first else None
        try:
            span = self._tracer.start_span(
                name,
                context=trace.set_span_in_context(NonRecordingSpan(trace.INVALID_SPAN_CONTEXT if first else root)),
                kind=_KINDS[kind],
                attributes={"anclora.message_id": str(message_id), **_masked(attributes)},
                links=links,
                start_time=_ns(began),
            )
        finally:
            self._ids.given = None
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR, str(masked("code", failed))))
        span.end(max(_ns(ended), _ns(began)))

    def request(self, traceparent: str | None) -> "_Request | None":
        """A request begins; a caller who traces it decides, else chance does."""
        context = self._propagator.extract({"traceparent": traceparent}) if traceparent else None
        parent = trace.get_current_span(context).get_span_context() if context else trace.INVALID_SPAN_CONTEXT
        wanted = parent.trace_flags.sampled if parent.is_valid else self._dice.random() < self._share
        return _Request(self._tracer.start_span("request", context=context, kind=SpanKind.SERVER)) if wanted else None

    def close(self) -> None:
        """Send what is left, bounded by the exporter's own time-outs."""
        self._provider.shutdown()


class _Request:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.context = span.get_span_context()

    def end(self, name: str, attributes: Mapping[str, Value]) -> None:
        """It was answered."""
        self._span.update_name(name)
        self._span.set_attributes(_masked(attributes))
        if str(attributes.get("http.response.status_code", "")).startswith("5"):
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _service() -> str:
    return os.environ.get("OTEL_SERVICE_NAME") or _SERVICE


def _masked(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name: masked(name.rpartition(".")[2], value) for name, value in attributes.items()}


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
