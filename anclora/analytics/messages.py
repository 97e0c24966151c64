"""Questions that the tallies answer: messages and their ends, and opt-outs."""

from collections.abc import Iterable, Mapping

from anclora.analytics.model import SLICES, Ask, By, Figures, Question, Told
from anclora.analytics.overview import share
from anclora.analytics.period import Period, cuts, slice_of, wanted
from anclora.storage.database import Database
from anclora.tallies import Counts, read
from anclora.tallies.model import By as Part

_PARTS: Mapping[By, Part] = {
    "instance": "instance",
    "campaign": "campaign",
    "template": "template",
    "class": "class",
    "cause": "cause",
}
_SORTS = ("accepted", "sent", "delivered", "read", "failed", "delivery_rate", "read_rate")
COLUMNS: Mapping[Question, tuple[str, ...]] = {
    "messages": (
        *("accepted", "sent", "delivered", "read", "played", "failed", "dead", "expired", "canceled", "blocked"),
        *("received", "typed"),
    ),
    "rates": ("sent", "delivered", "read", "delivery_rate", "read_rate"),
    "failures": ("failed", "dead", "expired", "canceled", "blocked"),
    "instances": (*_SORTS, "received", "typed"),
    "campaigns": _SORTS,
    "templates": _SORTS,
    "opt-outs": ("opt_outs",),
}


async def tell_messages(db: Database, asked: Ask, period: Period, by: By) -> Told:
    """The figures of a period, from the tallies."""
    columns = COLUMNS[asked.question]
    size = SLICES.get(by)
    which = wanted(period, instance=asked.instance, campaign=asked.campaign, size=size)
    names = {begin: name for name, begin in cuts(period, size).items()} if size else {}
    found: dict[str, Counts] = {}
    for sums in await read(db, which, "at" if size else _PARTS[by]):
        key = names.get(sums.at) or slice_of(sums.at, size, period.timezone) if size and sums.at else sums.key
        if by != "cause" or _ended(sums.counts):
            found[key] = found[key] + sums.counts if key in found else sums.counts
    total = sum(found.values(), Counts())
    return Told(
        parts={key: figures_of(counts, columns) for key, counts in found.items()},
        total=figures_of(total, columns),
        nothing=figures_of(Counts(), columns),
    )


def figures_of(counts: Counts, columns: Iterable[str]) -> Figures:
    """The columns of a question for these counts. Pure."""
    found: Figures = {}
    for name in columns:
        match name:
            case "failed":
                found[name] = counts.failed + counts.dead
            case "delivery_rate":
                found[name] = share(counts.delivered, counts.sent)
            case "read_rate":
                found[name] = share(counts.read, counts.sent)
            case _:
                found[name] = getattr(counts, name)
    return found


def _ended(counts: Counts) -> bool:
    return any((counts.failed, counts.dead, counts.expired, counts.canceled, counts.blocked))
