"""The nouns of the security audit. Pure."""

from datetime import datetime
from enum import StrEnum

import msgspec

FORMAT = 1


class Status(StrEnum):
    """How a check ended; everything but `ok` is red."""

    OK = "ok"
    FINDING = "finding"
    UNKNOWN = "unknown"  # some of it could not be looked at


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to mend.

    Attributes:
        id: stays the same from audit to audit while the finding does; never holds a secret.
        where: a file and line, a package, a setting or a key's prefix.
        advice: what to do, in one sentence.
    """

    id: str
    where: str
    what: str
    advice: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        looked_at: how many of `unit`.
        unseen: what could not be looked at, and why; not empty = red.
    """

    name: str
    looked_at: int
    unit: str
    findings: tuple[Finding, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """How it ended."""
        if self.unseen:
            return Status.UNKNOWN
        return Status.FINDING if self.findings else Status.OK


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An audit or a scan.

    Attributes:
        kind: audit or scan.
        program: the version of Anclora that looked.
        folder: whose files were looked at.
        format: of this document.
    """

    kind: str
    at: datetime
    program: str
    folder: str
    checks: tuple[Check, ...]
    format: int = FORMAT

    @property
    def good(self) -> bool:
        """Nothing was found and everything was seen."""
        return all(check.status is Status.OK for check in self.checks)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of every check."""
        return tuple(finding for check in self.checks for finding in check.findings)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Two audits side by side.

    Attributes:
        since: the older one's moment; None = there is none.
        new: findings only the newer one has.
        gone: findings only the older one had.
        staying: how many both have.
        doubt: why the older one was not believed; not empty = red.
    """

    since: datetime | None = None
    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    staying: int = 0
    doubt: str = ""
