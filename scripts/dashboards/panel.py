"""What a board and its panels are: data, with nothing of Grafana's JSON in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """Units by Grafana's own ids, so that axes say what they count."""

    PER_SECOND = "mps"
    SECONDS = "s"
    COUNT = "short"
    SHARE = "percentunit"
    BYTES = "bytes"
    BYTES_PER_SECOND = "Bps"
    PER_SECOND_OPS = "ops"
    EURO = "currencyEUR"
    TIMES = "none"


class Kind(StrEnum):
    """How a panel is drawn."""

    LINES = "lines"
    STAT = "stat"
    HEATMAP = "heatmap"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One expression asked of Prometheus; `{{label}}` in the legend is filled by Grafana."""

    expr: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One query asked of the ledger: its first column is `time`, each other column a line.

    `:shift` is replaced by an interval, so that the same query tells the week before.
    """

    sql: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        row: the words of the playbook this panel answers, empty where it is ours.
        limit: a threshold worth a line, in the panel's unit.
        week: draws the same seven days before, dashed.
    """

    title: str
    says: str
    unit: Unit
    asks: Sequence[Metric] | Rows
    kind: Kind = Kind.LINES
    row: str = ""
    limit: float | None = None
    week: bool = True
    width: int = 8
    height: int = 8


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard; alerts and people link to it by its uid, which never changes."""

    uid: str
    title: str
    says: str
    panels: Sequence[Panel]
    refresh: str = "30s"
    since: str = "now-6h"
