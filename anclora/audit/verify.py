"""Verifying the chain: every link computed anew, from the first fact to the last."""

from datetime import datetime, timedelta

import msgspec

from anclora.audit.chain import GENESIS, Head, link
from anclora.audit.trail import QUERIES, Entry
from anclora.storage.database import Database

_SLICE = 2_000
_LATE = timedelta(minutes=15)
_MOST_FINDINGS = 20


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the chain.

    Attributes:
        facts: how many were read.
        head: the last link; keep it elsewhere, and hand it to the next verification.
        findings: a sentence each; none = the trail is what was written.
    """

    facts: int
    head: Head
    findings: list[str]


async def verify(db: Database, now: datetime, *, expected: Head | None = None) -> Verified:
    """Compute every link anew.

    Args:
        db: the ledger.
        now: the moment; what is older than a quarter of an hour must be sealed.
        expected: a head noted before, which shows that the end was not cut off and the whole not written anew.
    """
    findings: list[str] = []
    head, facts = Head(), 0
    before, met = GENESIS, expected is None or expected.place == 0
    while rows := await db.fetch_all(QUERIES["read_chain"], after=head.place, limit=_SLICE):
        for row in rows:
            place, stored = row.pop("place"), bytes(row.pop("hash"))
            entry = Entry(**row)
            if place != head.place + 1:
                findings.append(f"Between places {head.place} and {place} facts are missing.")
            elif link(before, entry) != stored:
                findings.append(f"Place {place} ({entry.action}, {entry.id}) is not what was sealed.")
            if expected is not None and place == expected.place:
                met = stored.hex() == expected.hash
            before, head, facts = stored, Head(place, stored.hex()), facts + 1
        if len(findings) >= _MOST_FINDINGS:
            break
    if not met and expected is not None:
        what = "is not what it was" if expected.place <= head.place else "is gone: the end was cut off"
        findings.append(f"Place {expected.place}, noted before, {what}.")
    [late] = await db.fetch_all(QUERIES["count_late"], before=now - _LATE)
    if late["n"]:
        findings.append(f"{late['n']} facts older than 15 minutes are not sealed: is a `work` process running?")
    return Verified(facts=facts, head=head, findings=findings[: _MOST_FINDINGS + 2])
