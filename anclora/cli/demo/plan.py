"""What the demo sends, and what goes wrong on purpose."""

from collections.abc import Iterator, Sequence

import msgspec

NUMBERS = tuple(f"ventas-{n}" for n in range(1, 6))
PER_RECIPIENT = 5
BULK = 1_000


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the demo; its text is unique."""

    serial: int
    to: str
    instance: str
    text: str


def messages(count: int) -> Iterator[Planned]:
    """`count` messages, several per recipient, serial numbers rising per recipient."""
    recipients = max(1, count // PER_RECIPIENT)
    for serial in range(1, count + 1):
        person = serial % recipients
        yield Planned(
            serial=serial,
            to=f"346{person:08d}",
            instance=NUMBERS[person % len(NUMBERS)],
            text=f"#{serial:05d} Hola, tu visita queda confirmada.",
        )


def bulks(planned: Sequence[Planned]) -> Iterator[dict[str, object]]:
    """The bodies of the bulk requests."""
    for start in range(0, len(planned), BULK):
        part = planned[start : start + BULK]
        yield {"messages": [{"to": p.to, "instance": p.instance, "text": p.text, "class": "utility"} for p in part]}


def sandbox_script(*, swallow: int | None, double: int | None) -> dict[str, object]:
    """2 % not on WhatsApp, 2 % refused for now, 1 % sent and never answered; receipts early, twice and in disorder."""
    script: dict[str, object] = {
        "seed": 7,
        "instances": [{"name": name} for name in NUMBERS],
        "latency_ms": [2, 15],
        "not_on_whatsapp": {"share": 0.02},
        "faults": [
            {"kind": "connection_closed_500", "share": 0.02},
            {"kind": "timeout_after_send", "share": 0.01, "hold_seconds": 6},
        ],
        "receipts": {
            "server_ack_ms": [5, 50],
            "delivery_ms": [20, 300],
            "read_ms": [300, 1000],
            "duplicate_share": 0.05,
            "disorder_share": 0.05,
            "early_share": 0.05,
        },
        "webhooks": {"retry_scale": 0.05},
    }
    for name, serial in (("swallow", swallow), ("double", double)):
        if serial is not None:
            script[name] = {"text": f"#{serial:05d} "}
    return script
