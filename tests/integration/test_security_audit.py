"""The audit with its real tools, an advisory service on loopback, and a real ledger: red for each thing, else green."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from anclora.cli import main
from anclora.security import secrets
from anclora.security.code import check_code
from anclora.security.model import Status
from anclora.security.packages import check_packages
from anclora.security.secrets import BASELINE, check_secrets

AUDIT_KEY = "k" * 40
PLANTED = "ak_" + "Zq3" * 17 + "xy"
HOLE = {
    "id": "PYSEC-2019-217",
    "aliases": ["CVE-2019-10906"],
    "summary": "sandbox escape",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
        }
    ],
}


class Advisories:
    """Speaks as OSV does: `holes` by name of package, and what was asked."""

    def __init__(self) -> None:
        self.holes: dict[str, Any] = {}
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.url = ""

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        name = json.loads(body)["package"]["name"]
        self.asked.append(name)
        return (500 if name in self.broken else 200), {"vulns": [self.holes[name]]} if name in self.holes else {}


@pytest.fixture
def advisories(monkeypatch: pytest.MonkeyPatch) -> Generator[Advisories, None, None]:
    book = Advisories()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, answer = book.answer(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    book.url = f"http://127.0.0.1:{server.server_port}/v1/query"
    monkeypatch.setenv("ANCLORA_ADVISORIES_URL", book.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    try:
        yield book
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small project under git, with nothing wrong in it."""
    folder = tmp_path / "clone"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "__init__.py").write_text('"""Fine."""\n')
    (folder / "README.md").write_text("# Fine\n")
    subprocess.run(["git", "init", "-q", folder], check=True, timeout=20)
    subprocess.run(["git", "-C", folder, "add", "."], check=True, timeout=20)
    return folder


@pytest.fixture
def run(
    clone: Path, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`anclora security …` on that project; its exit code and its JSON."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ANCLORA_AUDIT_KEY", AUDIT_KEY)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, dict[str, Any]]:
        place = ["--folder", str(clone), "--code", str(clone / "app")] if words[0] != "verify" else []
        monkeypatch.setattr(sys, "argv", ["anclora", "security", *words, *place, "--json"])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, json.loads(said.out or said.err)

    return call


def test_an_old_package_is_a_finding_and_a_sound_one_is_not(advisories: Advisories) -> None:
    advisories.holes["jinja2"] = HOLE
    check = check_packages({"jinja2": "2.10", "requests": "2.32.5"}, advisories_url=advisories.url)
    assert (check.status, check.looked_at, sorted(advisories.asked)) == (Status.FINDING, 2, ["jinja2", "requests"])
    assert [finding.where for finding in check.findings] == ["jinja2 2.10"]
    assert "2.10.1" in check.findings[0].advice


def test_a_service_that_fails_or_is_away_is_red(advisories: Advisories) -> None:
    advisories.broken.add("jinja2")
    failed = check_packages({"jinja2": "3.1.6"}, advisories_url=advisories.url)
    assert (failed.status, failed.looked_at) == (Status.UNKNOWN, 0)
    away = check_packages({"jinja2": "3.1.6"}, advisories_url="http://127.0.0.1:9/v1/query")
    assert away.status is Status.UNKNOWN


def test_pypi_out_of_reach_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert check_packages({"jinja2": "2.10"}, advisories_url=None).status is Status.UNKNOWN


def test_a_planted_key_is_found_where_git_tracks_it(clone: Path) -> None:
    assert check_secrets(clone).status is Status.OK
    (clone / "notes.txt").write_text(f"hello\nAPI_KEY={PLANTED}\nid = {'AKIA' + 'QM5TZ7WXRNB3KD2P'}\n")
    assert check_secrets(clone).status is Status.OK  # git does not know it
    subprocess.run(["git", "-C", clone, "add", "."], check=True, timeout=20)
    check = check_secrets(clone)
    assert sorted(finding.where for finding in check.findings) == ["notes.txt:2", "notes.txt:3"]
    assert PLANTED not in repr(check)


def test_what_the_tools_own_baseline_accepts_is_no_finding(clone: Path) -> None:
    (clone / "example.py").write_text("URL = 'https://user:hunter2hunter2@example.com'\n")
    subprocess.run(["git", "-C", clone, "add", "."], check=True, timeout=20)
    assert check_secrets(clone).status is Status.FINDING
    written = subprocess.run(
        [Path(sys.executable).parent / "detect-secrets", "scan", "--no-verify"],
        cwd=clone, capture_output=True, check=True, timeout=50,
    )  # fmt: skip
    (clone / BASELINE).write_bytes(written.stdout)
    assert check_secrets(clone).status is Status.OK
    (clone / BASELINE).write_text("?")
    assert check_secrets(clone).status is Status.UNKNOWN


def test_a_folder_without_git_is_searched_whole_and_an_empty_or_huge_one_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    assert check_secrets(plain).status is Status.UNKNOWN
    (plain / "a.txt").write_text(f"{PLANTED}\n")
    with monkeypatch.context() as few:
        few.setattr(secrets, "_MOST_FILES", 0)
        assert "more than 0 files" in check_secrets(plain).unseen[0]
    assert [finding.where for finding in check_secrets(plain).findings] == ["a.txt:1"]


def test_code_that_opens_a_shell_is_a_finding(clone: Path) -> None:
    assert check_code(clone / "app").status is Status.OK
    (clone / "app" / "bad.py").write_text("import subprocess\nsubprocess.call(input(), shell=True)\n")
    (finding,) = check_code(clone / "app").findings
    assert (finding.where, finding.id) == ("app/bad.py:2", "code:app/bad.py:B602")
    (clone / "app" / "broken.py").write_text("def (\n")
    assert check_code(clone / "app").status is Status.UNKNOWN


@pytest.mark.timeout(240)  # two whole audits
def test_all_fine_ends_with_0_is_signed_and_the_next_one_is_compared_with_it(
    advisories: Advisories, run: Callable[..., tuple[int, dict[str, Any]]], clone: Path, database_url: str
) -> None:
    code, first = run("audit")
    assert (code, first["good"], [check["unseen"] for check in first["checks"]]) == (0, True, [[]] * 6)
    assert len(advisories.asked) == first["checks"][0]["looked_at"] > 50
    assert run("verify", first["file"])[0] == 0

    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(
            "insert into api_keys (id, account, name, prefix, hash, scopes, created_at) values "
            "(gen_random_uuid(), 'main', 'crm', 'oldoldold1', '\\x01', '{messages:read}', now() - interval '181 days')"
        )
    advisories.holes["msgspec"] = {**HOLE, "affected": [{"package": {"name": "msgspec", "ecosystem": "PyPI"}}]}
    code, second = run("audit")
    new = [finding["id"] for finding in second["difference"]["new"]]
    assert (code, new) == (1, ["packages:msgspec:PYSEC-2019-217", "keys:oldoldold1"])

    Path(second["file"]).write_text(Path(second["file"]).read_text().replace("oldoldold1", "someother1"))
    assert run("verify", second["file"])[0] == 1


def test_a_scan_needs_neither_key_nor_database(
    run: Callable[..., tuple[int, dict[str, Any]]], clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("ANCLORA_AUDIT_KEY")
    assert run("scan")[0] == 0
    (clone / "app" / "keys.py").write_text(f'KEY = "{PLANTED}"\n')
    subprocess.run(["git", "-C", clone, "add", "."], check=True, timeout=20)
    code, found = run("scan")
    assert (code, [check["name"] for check in found["checks"]]) == (1, ["code", "secrets"])
    code, refused = run("audit")
    assert code == 1
    assert "ANCLORA_AUDIT_KEY" in refused["detail"]


def test_without_a_database_the_keys_are_not_seen_and_that_is_red(
    advisories: Advisories, run: Callable[..., tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    code, found = run("audit")
    assert code == 1
    assert [check["name"] for check in found["checks"] if check["unseen"]] == ["keys"]
