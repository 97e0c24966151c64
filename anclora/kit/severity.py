"""How much something matters: one scale for what is told to people and for what becomes an incident."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta


class Severity(StrEnum):
    """The values are those of `notices.severity`; an incident's are the upper two."""

    INFO = "info"  # nobody need do anything
    WARNING = "warning"  # answered within 30 minutes of business time
    CRITICAL = "critical"  # answered within 5 minutes, at any hour


# Playbook, Alert Response: the most urgent first.
PRESSING = (Severity.CRITICAL, Severity.WARNING)

Pressing = Annotated[Severity, Meta(description="critical or warning", extra_json_schema={"enum": [*PRESSING]})]
"""The severity of an incident; `pressing` holds a value to it."""


def pressing(severity: Severity) -> Severity:
    """The severity, if an incident can have it.

    Raises:
        ValueError: what nobody need do anything about is no incident.
    """
    if severity not in PRESSING:
        raise ValueError(f"severity {severity.value!r} is none of {', '.join(PRESSING)}")
    return severity
