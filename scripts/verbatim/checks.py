"""What each command should print or do, by its number; whether the line `# Expected:` of the playbook is met."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from scripts.verbatim.commands import Kind, Step
from scripts.verbatim.expected import expected
from scripts.verbatim.loopback import BACKUPS, BILL, LOG_DAYS, LOGS, log_key, log_keys, write_log
from scripts.verbatim.play import Did, UnmetError, must
from scripts.verbatim.service import counts, deployed_anew, open_service, runs_revision
from scripts.verbatim.shell import typed
from scripts.verbatim.stage import BOUND_SECONDS, ROOT, SENT, Stage, StageError, wait
from tests.ecs_server import Ecs

_SHOWN_LINES, _SHOWN_CHARS = 15, 3_000
_SLOW_MARK = "the-slow-one"
_JUST_NOW = "it goes on"


@dataclass(frozen=True, kw_only=True)
class Check:
    """What is asserted of a command.

    Attributes:
        holds: looks at what it did; says what was asserted, or raises.
        code: what it should end with.
        endless: it goes on for ever, and is ended once `holds` does.
        before: makes that there is something to see.
        in_clone: it is typed in the small clone, where it is quick and may make branches.
        timeout_seconds: for it.
    """

    holds: Callable[[Did, Stage], str]
    code: int = 0
    endless: bool = False
    before: Callable[[Stage], None] | None = None
    in_clone: bool = False
    timeout_seconds: float = 2 * BOUND_SECONDS


def act(step: Step, stage: Stage) -> str:
    """Type a command and look at what it did.

    Raises:
        UnmetError: not what it should.
    """
    check = CHECKS.get(step.command.number)
    if check is None:
        raise UnmetError("nothing says what it should do")
    try:
        return _held(step, check, stage)
    except StageError as error:
        raise UnmetError(str(error)) from error
    except (LookupError, TypeError, ValueError, OSError, subprocess.SubprocessError, RedisError) as error:
        raise UnmetError(f"what it did cannot be looked at: {error!r}") from error


def _held(step: Step, check: Check, stage: Stage) -> str:
    if check.before:
        check.before(stage)

    def is_enough(out: str) -> bool:
        try:
            check.holds(Did(code=0, out=out), stage)
        except UnmetError:
            return False
        return True

    did = typed(
        step.typed,
        stage.env,
        stage.clone if check.in_clone else ROOT,
        timeout_seconds=check.timeout_seconds,
        enough=is_enough if check.endless else None,
    )
    try:
        must(did.code == check.code, f"it ended with {did.code}, not {check.code}")
        asserted = check.holds(did, stage)
        if step.command.expected and step.kind is Kind.RAN:
            asserted = f"{asserted}; expected: {expected(step.command.expected, did.out, stage)}"
    except UnmetError as error:
        raise UnmetError(f"{error}\n{_shown(did.out)}{_shown(did.err)}".rstrip()) from None
    return asserted


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise UnmetError("it prints no JSON") from None


def _shown(text: str) -> str:
    """The end of what it said, set off from our own lines."""
    return "".join(f"        | {line}\n" for line in text[-_SHOWN_CHARS:].splitlines()[-_SHOWN_LINES:])


def _prints(pattern: str, what: str) -> Callable[[Did, Stage], str]:
    def holds(did: Did, _: Stage) -> str:
        must(re.search(pattern, did.out, re.DOTALL) is not None, f"it does not print {what}")
        return f"prints {what}"

    return holds


def _errors(did: Did, _: Stage) -> str:
    must(did.out.strip() == "2", "the log has two errors of 24 hours, one of yesterday and a calm line")
    return "counts the 2 errors of 24 hours, not those before"


def _names(did: Did, _: Stage) -> str:
    names = did.out.split()
    must(bool(names), "it names nobody")
    return f"names {', '.join(names)}"


def _overview(did: Did, stage: Stage) -> str:
    found = _json(did.out)
    must(found.keys() == {"messages", "conversions", "handoffs"}, "it has other members")
    # What was sent before midnight is yesterday's.
    must(found["messages"] == SENT or len(stage.days) > 1, f"{SENT} messages were sent today")
    must("sales" in found["conversions"] and found["handoffs"] == 0, "conversions or handoffs are missing")
    return f"says that {found['messages']} messages were sent"


def _backup(did: Did, _: Stage) -> str:
    name = did.out.split()[-1] if did.out.strip() else ""
    must(re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z\.json", name) is not None, f"{name!r} is no manifest of a backup")
    return f"the newest whole backup of {BACKUPS} is {name}"


def _outdated(did: Did, _: Stage) -> str:
    line = next((each.split() for each in did.out.splitlines() if each.startswith("canned")), [])
    must(line == ["canned", "1.2.3", "2.0.0", "major"], "it does not name canned 1.2.3 with the major 2.0.0")
    must("1 of 2 packages" in did.out, "it does not count one of two")
    return "names canned 1.2.3, for which the index has 2.0.0; ends with 1"


def _updated(_: Did, stage: Stage) -> str:
    branch = _git(stage, "branch", "--list", "deps/*", "--format=%(refname:short)")
    must(re.fullmatch(r"deps/\d{4}-\d\d-\d\d", branch) is not None, f"the branches are {branch!r}")
    must("canned==2.0.0" in _git(stage, "show", f"{branch}:requirements.lock"), f"{branch} has no new lock")
    untouched = _git(stage, "status", "--porcelain") == "" and _git(stage, "branch", "--show-current") == "main"
    must(untouched and "canned==1.2.3" in _git(stage, "show", "main:requirements.lock"), "what one stands on moved")
    return f"branch {branch} has canned 2.0.0, tested; main is as it was"


def _git(stage: Stage, *words: str) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=stage.clone,
        env=stage.env,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=True,
    )
    return done.stdout.strip()


def _removed(did: Did, stage: Stage) -> str:
    # A day may end while it is played; then it is another one that is 90 days old.
    known = [log_key(moment, 90) for moment in (stage.began, datetime.now(UTC))]
    gone = next((key for key in known if did.out.strip() == f"delete: s3://{LOGS}/{key}"), "")
    must(gone != "", "it does not delete the one log of 90 days ago")
    left = [key for days in LOG_DAYS if (key := log_key(stage.began, days)) != gone]
    must(log_keys(stage.aws) == sorted(left), f"there are {log_keys(stage.aws)} left")
    return f"deletes {gone} and nothing else"


def _make_slow(stage: Stage) -> None:
    """An entry of the slow log that is ours."""
    with Redis.from_url(stage.env["REDIS_URL"]) as redis:
        limit = str(redis.config_get("slowlog-log-slower-than")["slowlog-log-slower-than"])
        with redis.pipeline(transaction=True) as pipe:
            pipe.config_set("slowlog-log-slower-than", 0)
            pipe.echo(_SLOW_MARK)
            pipe.config_set("slowlog-log-slower-than", limit)
            pipe.execute()


def _bill(did: Did, _: Stage) -> str:
    total = _json(did.out)["ResultsByTime"][0]["Total"]["BlendedCost"]
    must(total == {"Amount": BILL, "Unit": "USD"}, "it is not what the account was told to have cost")
    return f"says {BILL} USD"


def _drills(did: Did, stage: Stage) -> str:
    last = did.out.strip().splitlines()[-1]
    must(re.fullmatch(r"RTO \d+\.\d s RPO \d+ s lost 0", last) is not None, f"its last line is {last!r}")
    for said in (
        "The lanes are rebuilt from the ledger",
        "The old key and the old passwords open nothing.",
        "tables are those of then.",
        "secrets, only named there, come from the vault.",
        "the second Redis is empty.",
    ):
        must(said in did.out, f"it does not say: {said}")
    told = [each["drill"]["scenario"] for each in stage.ask("/api/v1/drills")["drills"]]
    must(len(set(told)) == 6, f"the server was told of {told}")
    must(_sent(stage) or len(stage.days) > 1, "it touched the figures of the server that runs")
    return f"{last}; the server was told of {', '.join(sorted(told))}"


def _sent(stage: Stage) -> bool:
    return bool(stage.ask("/analytics/metrics/overview")["messages"]["sent"] == SENT)


def _audit(did: Did, _: Stage) -> str:
    lines = {each.split()[0]: each.strip() for each in did.out.splitlines() if each.split()[1:2]}
    must("1 found" in lines.get("packages", ""), "it does not find the one hole of the advisory file")
    must("CVE-1999-0001" in did.out, "it does not name the hole")
    rest = ("code", "secrets", "configuration", "files", "keys")
    red = [name for name in rest if not lines.get(name, "").endswith("ok")]
    must(not red, f"not ok: {', '.join(red)}")
    return f"names the hole of the advisory file and ends with 1; ok: {', '.join(rest)}"


def _scan(did: Did, _: Stage) -> str:
    must(len(re.findall(r"^(?:code|secrets) .* ok *$", did.out, re.MULTILINE)) == 2, "code or secrets are not ok")
    return "code and secrets are ok"


def _health(did: Did, _: Stage) -> str:
    found = _json(did.out)
    must(found["status"] == "healthy", f"it is {found['status']}")
    return f"healthy, by {len(found['checks'])} checks"


def _restarted(did: Did, stage: Stage) -> str:
    name = stage.env["INSTANCE"]
    must(_json(did.out) == {"instance": {"instanceName": name, "state": "open"}}, f"{name} is not open")
    return f"{name} is open"


def _fresh(did: Did, _: Stage) -> str:
    lines = did.out.splitlines()
    must(len(lines) == 1 and lines[0].endswith(f" {_JUST_NOW}"), "it should show the one line of five minutes")
    return "shows the line of just now and none of an hour ago, and goes on"


def _wait_for_health(stage: Stage) -> None:
    """What was played before may have kept it busy for a moment."""
    wait("it is not healthy again", lambda: stage.ask("/health")["status"] == "healthy")


def _write_line(stage: Stage) -> None:
    write_log(stage.aws, datetime.now(UTC), _JUST_NOW)


def _on_service(holds: Callable[[Did, Ecs], str]) -> Check:
    """Of a command that tells ECS something, with the service there."""
    return Check(
        holds=lambda did, stage: holds(did, stage.ecs), before=lambda stage: open_service(stage.ecs, stage.env)
    )


CHECKS: Mapping[str, Check] = {
    "1.1": Check(holds=_prints("healthy", '"healthy"'), before=_wait_for_health),
    "1.4": Check(holds=_prints(r"^\d+\n$", "a number")),
    "1.5": Check(holds=_errors),
    "1.7": Check(holds=_names),
    "2.1": Check(holds=_prints("^# Resumen diario\n.*## Mensajes.*## Conversaciones.*## Conversiones", "the report")),
    "2.2": Check(holds=_overview),
    "2.3": Check(holds=_backup),
    "3.1": Check(holds=_outdated, code=1, in_clone=True),
    "3.2": Check(holds=_updated, in_clone=True),
    "3.3": Check(holds=_removed),
    "3.4": Check(holds=_prints(_SLOW_MARK, "the command that was made slow"), before=_make_slow),
    "3.5": Check(
        holds=_prints(r'"status": "healthy".*% *\) free', "how much is free, as healthy"), before=_wait_for_health
    ),
    "4.1": Check(holds=_drills, timeout_seconds=10 * BOUND_SECONDS),
    "4.2": Check(holds=_audit, code=1, in_clone=True, timeout_seconds=5 * BOUND_SECONDS),
    "4.3": Check(holds=_scan, in_clone=True, timeout_seconds=5 * BOUND_SECONDS),
    "4.4": Check(holds=_bill),
    "6.1": Check(holds=_health, before=_wait_for_health),
    "6.2": Check(holds=_prints(r"receipt +goes[^\n]*\n.*every path goes", "a receipt, and every path")),
    "6.3": Check(holds=_prints(r"anclora_error_rate \d", "anclora_error_rate, again and again"), endless=True),
    "6.4": Check(holds=_fresh, before=_write_line, endless=True),
    "7.1": _on_service(counts(6)),
    "8.1": _on_service(deployed_anew),
    "9.1": Check(holds=_restarted),
    "10.1": _on_service(counts(8)),
    "10.2": _on_service(runs_revision(2)),
}
