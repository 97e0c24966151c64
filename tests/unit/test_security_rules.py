"""What the tools of the audit say, and what of it is believed; our own settings; the age of keys."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from anclora.access.model import Key
from anclora.kit.settings import Settings
from anclora.security import code, packages, secrets
from anclora.security.configuration import check_configuration, is_outside
from anclora.security.files import check_files
from anclora.security.keys import check_keys
from anclora.security.model import Check, Finding, Report, Status
from anclora.security.tools import Ran, run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINE = {"name": "jinja2", "version": "3.1.6", "vulns": []}
HOLE = {"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": ["CVE-2019-10906", "GHSA-462w"]}
OPEN = {"name": "Jinja2", "version": "2.10", "vulns": [HOLE]}


def said(*dependencies: dict[str, Any], code: int = 0, err: str = "") -> Ran:
    return Ran(code=code, out=json.dumps({"dependencies": dependencies, "fixes": []}), err=err)


def test_packages_without_holes_are_fine() -> None:
    check = packages.judge(said(FINE), ["Jinja2"])
    assert (check.status, check.looked_at) == (Status.OK, 1)


def test_a_hole_is_a_finding_that_says_which_version_mends_it() -> None:
    check = packages.judge(said(OPEN, code=1), ["jinja2"])
    (finding,) = check.findings
    assert (check.status, finding.where, finding.what) == (
        Status.FINDING,
        "Jinja2 2.10",
        "PYSEC-2019-217, CVE-2019-10906",
    )
    assert finding.id == "packages:jinja2:PYSEC-2019-217"
    assert "2.10.1" in finding.advice


@pytest.mark.parametrize(
    ("ran", "why"),
    [
        (said({"name": "jinja2", "skip_reason": "Dependency not found on PyPI"}), "skipped"),
        (said(FINE, {"name": "x", "skip_reason": ""}), "skipped"),
        (said(), "did not answer"),
        (said({"name": "jinja2", "version": "1"}), "skipped"),
        (said(FINE, code=1), "does not fit"),
        (said(OPEN, code=0), "does not fit"),
        (Ran(code=1, out="No known vulnerabilities found", err="ERROR: it cannot be reached"), "cannot be reached"),
        (Ran(code=0, out="", err=""), "no result"),
        (Ran(failed="pip-audit is not installed. Install it: …"), "not installed"),
    ],
)
def test_what_was_not_asked_is_never_green(ran: Ran, why: str) -> None:
    check = packages.judge(ran, ["jinja2"])
    assert check.status is Status.UNKNOWN
    assert why in " ".join(check.unseen)


def test_a_tool_that_is_absent_says_what_to_install(tmp_path: Path) -> None:
    assert "anclora-whatsapp[security]" in run("no-such-tool", [], folder=tmp_path, timeout_seconds=5).failed


def test_a_tool_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    assert "did not end" in run("sleep", ["60"], folder=tmp_path, timeout_seconds=0.05).failed


def bandit(read: list[str], *, errors: list[dict[str, str]] | None = None) -> Ran:
    issue = {"filename": "p/a.py", "line_number": 7, "test_id": "B602", "issue_text": "shell=True", "more_info": "m"}
    return Ran(
        code=1, out=json.dumps({"results": [issue], "errors": errors or [], "metrics": {name: {} for name in read}})
    )


def test_code_is_red_when_a_file_was_not_read() -> None:
    assert code.judge(bandit(["p/a.py"]), ["p/a.py"]).status is Status.FINDING
    assert code.judge(bandit(["p/a.py"]), ["p/a.py", "p/b.py"]).unseen == ("p/b.py: bandit did not read it",)
    broken = code.judge(bandit(["p/a.py"], errors=[{"filename": "p/a.py", "reason": "syntax"}]), ["p/a.py"])
    assert broken.status is Status.UNKNOWN
    assert code.judge(Ran(code=0, out="[main] nothing"), []).status is Status.UNKNOWN


def test_a_scan_for_secrets_that_misses_the_planted_one_is_not_believed() -> None:
    assert "planted" in secrets.judge(Ran(code=0, out='{"results":{}}'), set())[1]
    assert "no result" in secrets.judge(Ran(code=0, out="?"), set())[1]
    found = {"planted-to-be-found.txt": [{"type": "AWS Access Key", "hashed_secret": "1"}]}
    assert secrets.judge(Ran(code=0, out=json.dumps({"results": found})), set()) == ([], "")


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue]


def kinds(**values: Any) -> list[str]:
    return [finding.id.removeprefix("configuration:") for finding in check_configuration(settings(**values)).findings]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"log_level": "DEBUG"}, ["ANCLORA_LOG_LEVEL:debug"]),
        ({"evolution_api_key": "429683C4C977415CAAFCCE10F7D57E11"}, ["EVOLUTION_API_KEY:default"]),
        ({"evolution_api_key": "short"}, ["EVOLUTION_API_KEY:short"]),
        ({"evolution_api_key": "a-key-of-our-own-made"}, []),
        ({"evolution_api_url": "http://evolution.example.com"}, ["EVOLUTION_API_URL:plain"]),
        ({"evolution_api_url": "http://evolution:8080"}, []),
        ({"evolution_api_url": "http://10.0.0.7:8080"}, []),
        ({"public_url": "https://wa.example.com"}, ["ANCLORA_OPEN_ROUTES:open"]),
        ({"public_url": "https://wa.example.com", "open_routes": False}, []),
        ({"public_url": "http://wa.example.com", "open_routes": False}, ["ANCLORA_PUBLIC_URL:plain"]),
        ({"database_url": "postgresql://u:p@db.example.com/x"}, ["DATABASE_URL:plain"]),
        ({"database_url": "postgresql://u:p@db.example.com/x?sslmode=verify-full"}, []),
        ({"database_url": "postgresql://u:p@127.0.0.1/x"}, []),
        ({"redis_url": "redis://:pw@redis.example.com"}, ["REDIS_URL:plain"]),
        ({"redis_url": "rediss://:pw@redis.example.com"}, []),
        ({"redis_url": "redis://127.0.0.1"}, ["REDIS_URL:no_password"]),
        ({"smtp_host": "mail.example.com", "smtp_tls": "none"}, ["ANCLORA_SMTP_TLS:plain"]),
        ({"notify_webhook_url": "https://x.example.com"}, ["ANCLORA_NOTIFY_WEBHOOK_SECRET:unsigned"]),
        ({"hooks_allow": "10.0.0.0/7, 10.1.0.0/16"}, ["ANCLORA_HOOKS_ALLOW:wide"]),
    ],
)
def test_settings_that_leave_a_door_open_are_named(values: dict[str, Any], found: list[str]) -> None:
    assert kinds(**values) == found


def test_no_finding_shows_the_secret_it_speaks_of() -> None:
    check = check_configuration(settings(evolution_api_key="hunter2", redis_url="redis://:hunter2@r.example.com"))
    assert len(check.findings) == 2
    assert "hunter2" not in repr(check)


@pytest.mark.parametrize(
    ("host", "outside"),
    [("localhost", False), ("db", False), ("db.internal", False), ("192.168.1.9", False), ("::1", False),
     ("8.8.8.8", True), ("db.example.com", True), (None, False)],
)  # fmt: skip
def test_what_is_outside(host: str | None, *, outside: bool) -> None:
    assert is_outside(host) is outside


def key(days: float, *, revoked: bool = False) -> Key:
    made = NOW - timedelta(days=days)
    return Key(uuid4(), "main", "crm", f"p{days:g}", None, ("x",), made, NOW if revoked else None)


def test_keys_older_than_180_days_are_findings_and_revoked_ones_are_not() -> None:
    check = check_keys([key(180), key(180.01), key(400, revoked=True)], NOW, most_days=180)
    assert [finding.id for finding in check.findings] == ["keys:p180.01"]
    assert check.looked_at == 2


def test_a_file_with_keys_that_others_can_read_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("x")
    file.chmod(0o640)
    assert check_files([file, tmp_path / "none"]).status is Status.FINDING
    file.chmod(0o600)
    assert check_files([file]).status is Status.OK


def test_a_report_is_good_only_when_everything_was_seen() -> None:
    fine = Check(name="a", looked_at=1, unit="files")
    finding = Finding(id="i", where="w", what="x", advice="y")
    red = (
        Check(name="b", looked_at=1, unit="files", findings=(finding,)),
        Check(name="c", looked_at=0, unit="files", unseen=("why",)),
    )
    assert [Report(kind="audit", at=NOW, program="0", folder="/", checks=(fine, each)).good for each in red] == [
        False,
        False,
    ]
    assert Report(kind="audit", at=NOW, program="0", folder="/", checks=(fine,)).good
