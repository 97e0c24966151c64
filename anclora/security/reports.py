"""Audits as files: signed with HMAC-SHA256, kept, verified and compared.

The signature is over the report as JSON with sorted keys and no spaces, in UTF-8, without the member `signature`:
anybody with the key can check it in three lines of any language.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from anclora.kit.errors import AncloraError, ConflictError, InvalidError
from anclora.security.model import Difference, Report

ALGORITHM = "HMAC-SHA256"


def signed(report: Report, key: str) -> dict[str, Any]:
    """The report as a JSON object, with its signature."""
    document: dict[str, Any] = msgspec.to_builtins(report)
    return {**document, "signature": {"algorithm": ALGORITHM, "value": _signature(document, key)}}


def keep(report: Report, key: str, folder: Path) -> Path:
    """Write it down where nobody else reads it; the file.

    Raises:
        InvalidError: the folder cannot be written.
    """
    path = folder / f"audit-{report.at:%Y%m%dT%H%M%SZ}.json"
    text = json.dumps(signed(report, key), ensure_ascii=False, indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise InvalidError(f"{folder} cannot be written: {error.strerror or error}.", code="not_written") from error
    return path


def verify(path: Path, key: str) -> Report:
    """Read a report and prove that nobody changed it.

    Raises:
        InvalidError: it cannot be read (`not_a_report`).
        ConflictError: its signature is not of this key (`bad_signature`).
    """
    try:
        document: Any = json.loads(path.read_bytes())
        value = str(document.pop("signature")["value"])
        report = msgspec.convert(document, Report)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise InvalidError(f"{path} is no signed report ({error}).", code="not_a_report") from error
    if not hmac.compare_digest(value.encode(), _signature(document, key).encode()):
        raise ConflictError(
            f"{path} was changed after it was signed, or signed with another ANCLORA_AUDIT_KEY.", code="bad_signature"
        )
    return report


def last(folder: Path) -> Path | None:
    """The newest audit kept in a folder."""
    return max(folder.glob("audit-*.json"), default=None)


def compare(report: Report, before: Path | None, key: str) -> Difference:
    """What is new, gone and staying since an earlier audit; one that cannot be believed is a doubt."""
    if before is None:
        return Difference()
    try:
        older = verify(before, key)
    except AncloraError as error:
        return Difference(doubt=error.detail)
    had = {finding.id: finding for finding in older.findings}
    has = {finding.id: finding for finding in report.findings}
    return Difference(
        since=older.at,
        new=tuple(finding for key_, finding in has.items() if key_ not in had),
        gone=tuple(finding for key_, finding in had.items() if key_ not in has),
        staying=len(had.keys() & has.keys()),
    )


def _signature(document: Mapping[str, Any], key: str) -> str:
    plain = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key.encode(), plain, hashlib.sha256).hexdigest()
