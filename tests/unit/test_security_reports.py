"""Audits are signed, kept where nobody else reads them, and compared with the one before."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anclora.kit.errors import ConflictError, InvalidError
from anclora.security import Check, Finding, Report, compare, keep, last, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "k" * 32


def report(*ids: str, days: int = 0) -> Report:
    found = tuple(Finding(id=each, where=each, what="señal", advice="mend") for each in ids)
    check = Check(name="code", looked_at=3, unit="files", findings=found)
    return Report(kind="audit", at=NOW + timedelta(days=days), program="0.1", folder="/srv", checks=(check,))


def test_what_was_kept_is_what_was_signed(tmp_path: Path) -> None:
    path = keep(report("a"), KEY, tmp_path / "security")
    assert path.stat().st_mode & 0o077 == 0
    assert verify(path, KEY) == report("a")


def test_the_signature_is_the_one_the_manual_describes(tmp_path: Path) -> None:
    document = json.loads(keep(report("a"), KEY, tmp_path).read_bytes())
    signature = document.pop("signature")
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    expected = hmac.new(KEY.encode(), plain, hashlib.sha256).hexdigest()
    assert signature == {"algorithm": "HMAC-SHA256", "value": expected}


def test_a_changed_report_is_refused(tmp_path: Path) -> None:
    path = keep(report("a"), KEY, tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('"looked_at": 3', '"looked_at": 4'), encoding="utf-8")
    with pytest.raises(ConflictError, match="changed after it was signed"):
        verify(path, KEY)


def test_another_key_and_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        verify(keep(report("a"), KEY, tmp_path), "o" * 32)
    for text in ("", "[]", '{"signature": 7}', "{}"):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(InvalidError, match="no signed report"):
            verify(tmp_path / "x.json", KEY)


def test_two_audits_side_by_side(tmp_path: Path) -> None:
    keep(report("old", days=-30), KEY, tmp_path)
    keep(report("a", "b", days=-1), KEY, tmp_path)
    difference = compare(report("b", "c"), last(tmp_path), KEY)
    assert difference.since == NOW - timedelta(days=1)
    assert ([f.id for f in difference.new], [f.id for f in difference.gone], difference.staying) == (["c"], ["a"], 1)


def test_the_first_audit_has_nothing_to_compare_with_and_a_forged_one_is_a_doubt(tmp_path: Path) -> None:
    assert last(tmp_path) is None
    assert compare(report(), None, KEY).since is None
    keep(report("a"), "o" * 32, tmp_path)
    assert "changed after it was signed" in compare(report(), last(tmp_path), KEY).doubt
