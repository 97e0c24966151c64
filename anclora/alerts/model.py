"""The nouns of the catalogue. Pure; `catalogue/*.toml` is written in them."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec

from anclora.kit.severity import Pressing, Severity, pressing

NOBODY = "none"
"""The label `severity` of what wakes nobody: the watchdog, a sign of life."""

DASHBOARDS = ("queue-dashboard", "analytics-dashboard", "system-dashboard", "slo-dashboard")
"""The uids of the four dashboards; they never change, since people bookmark them."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_EQUALS = re.compile(r'(\w+)="([^"]*)"')
Name = Annotated[str, msgspec.Meta(pattern="^Anclora[A-Z][A-Za-z0-9]+$")]
Span = Annotated[str, msgspec.Meta(pattern=r"^(\d+[smhd])+$")]
Words = Annotated[str, msgspec.Meta(min_length=5, max_length=600)]
Steps = Annotated[tuple[Words, ...], msgspec.Meta(min_length=1)]


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"for_": "for"}):
    """A table of the files: a word nobody knows is an error."""


class Scenario(_Row, frozen=True, kw_only=True):
    """A story that promtool tells the rules.

    Attributes:
        says: what happens, in words.
        series: pairs of a series and its values, one a minute, in promtool's notation.
        at: when it is looked.
        labels: of the alert that fires, beside severity and owner.
        summary: as it reads then; empty = the alert's own, which has nothing to fill in.
    """

    says: str
    series: tuple[tuple[str, str], ...]
    at: Span
    labels: dict[str, str] = {}
    summary: str = ""


class Alert(_Row, frozen=True, kw_only=True):
    """Something worth telling a person.

    Attributes:
        expr: PromQL; fires for each series it returns.
        for_: how long it must be so before it fires.
        severity: how urgent an incident it is; None = it is none.
        owner: the team that mends it.
        dashboard: uid of the board that shows it.
        watches: the series it compares, as selectors. When one is gone, the alert cannot see, and `AncloraBlind` fires.
        by: labels that tell one occurrence from another, for example the number.
        awaits: room of the program that exports the figure and is not there yet; then it has no twin. Empty = there.
        direct: Alertmanager tells it to people itself too, since we may be what is broken.
        built_in: the evaluator knows it without Prometheus.
        summary: one line, for Prometheus' templates.
        action: the first thing to do, one line.
        meaning, impact: sentences; Markdown.
        diagnosis, mitigation: steps; Markdown.
        fires, quiet: a story in which it fires and one in which it must not.
    """

    name: Name
    expr: str
    for_: Span
    severity: Pressing | None = None
    owner: str
    dashboard: str
    watches: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    awaits: str = ""
    direct: bool = False
    built_in: bool = False
    summary: Words
    action: Words
    meaning: Words
    impact: Words
    diagnosis: Steps
    mitigation: Steps
    fires: Scenario
    quiet: Scenario | None = None

    def __post_init__(self) -> None:
        """Refuse what is no incident, and says it is one."""
        if self.severity is not None:
            pressing(self.severity)

    @property
    def plain(self) -> str:
        """The summary without what Prometheus fills in."""
        return plain(self.summary)

    @property
    def urgency(self) -> str:
        """The severity as a label."""
        return self.severity.value if self.severity else NOBODY

    @property
    def labels(self) -> dict[str, str]:
        """What the rule adds to the labels of the series."""
        return {"severity": self.urgency, "owner": self.owner} | ({"direct": "yes"} if self.direct else {})


class Blind(_Row, frozen=True, kw_only=True):
    """The twin of all alerts: a figure they compare is gone. See `Alert` for the fields."""

    name: Name
    for_: Span
    owner: str
    dashboard: str
    summary: Words
    action: Words
    meaning: Words
    impact: Words
    diagnosis: Steps
    mitigation: Steps


class Raised(_Row, frozen=True, kw_only=True):
    """What the program itself says is wrong, as an incident: no rule finds it. See `Alert` for the fields.

    Attributes:
        raised: when it is, in words, in the place of an expression.
    """

    name: Name
    raised: Words
    severity: Pressing
    owner: str
    dashboard: str
    summary: Words
    action: Words
    meaning: Words
    impact: Words
    diagnosis: Steps
    mitigation: Steps

    def __post_init__(self) -> None:
        """Refuse what is no incident."""
        pressing(self.severity)


class Record(_Row, frozen=True, kw_only=True):
    """A recording rule."""

    record: str
    expr: str


class Ratio(_Row, frozen=True, kw_only=True):
    """A family of recording rules, one for each window; `$w` stands for it in the expression."""

    record: str
    slo: str
    windows: tuple[Span, ...]
    expr: str


class Calm(_Row, frozen=True, kw_only=True):
    """A story in which not one alert may fire, or only those of `fires`."""

    says: str
    series: tuple[tuple[str, str], ...]
    at: tuple[Span, ...]
    fires: tuple[Name, ...] = ()
    watched: tuple[Name, ...] = ()


class Part(_Row, frozen=True, kw_only=True):
    """One file of the catalogue.

    Attributes:
        version: of its pages; it grows with what they tell somebody to do.
        reviewed: when somebody last read them through; the monthly routine asks after 90 days.
    """

    version: Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d+\.\d+$")]
    reviewed: date
    ratio: tuple[Ratio, ...] = ()
    record: tuple[Record, ...] = ()
    alert: tuple[Alert, ...] = ()
    blind: Blind | None = None
    raised: tuple[Raised, ...] = ()
    calm: tuple[Calm, ...] = ()


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """One series that alerts compare, and which they are."""

    series: str
    blinds: tuple[str, ...]
    severity: Pressing

    @property
    def name(self) -> str:
        """Of the series, without its labels."""
        return self.series.partition("{")[0]

    @property
    def labels(self) -> dict[str, str]:
        """What `absent_over_time` makes of the selector: its equalities become labels."""
        return dict(_EQUALS.findall(self.series.partition("{")[2]))


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, by part (the name of the file)."""

    parts: dict[str, Part]

    @property
    def alerts(self) -> Sequence[Alert]:
        """Every alert, in the order of the files."""
        return [alert for part in self.parts.values() for alert in part.alert]

    @property
    def raised(self) -> Sequence[Raised]:
        """Everything the program says itself."""
        return [raised for part in self.parts.values() for raised in part.raised]

    @property
    def calms(self) -> Sequence[Calm]:
        """Every story of several alerts."""
        return [calm for part in self.parts.values() for calm in part.calm]

    @property
    def twins(self) -> Sequence[Twin]:
        """Each series that some alert compares and that should be there today."""
        readers: dict[str, list[Alert]] = {}
        for alert in self.alerts:
            for series in alert.watches if not alert.awaits else ():
                readers.setdefault(series, []).append(alert)
        return [
            Twin(
                series=series,
                blinds=tuple(alert.name for alert in alerts),
                severity=Severity.CRITICAL
                if any(a.severity is Severity.CRITICAL for a in alerts)
                else Severity.WARNING,
            )
            for series, alerts in sorted(readers.items())
        ]


def seconds_of(span: str) -> int:
    """`1h30m` in seconds. Pure."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", span))


def plain(summary: str) -> str:
    """A summary whose fields are named instead of filled in: `(time)`, `(queue)`. Pure."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"(\1)", summary)
    for kind, word in (("humanizePercentage", "(share)"), ("humanizeDuration", "(time)"), ("humanize", "(number)")):
        text = text.replace(f"{{{{ $value | {kind} }}}}", word)
    return text.replace("{{ $value }}", "(number)")
