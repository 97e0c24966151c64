"""What an operator types works against real doors: a team is entered, an incident taken, planned, silenced, ended."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from api_harness import House, house
from typer.testing import CliRunner

from anclora.cli.app import app
from anclora.incidents import Incident, Signal, raise_signal
from anclora.kit.ids import new_id
from anclora.kit.severity import Severity
from anclora.storage.database import Database

_WIDE = {"COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, smtp_host="127.0.0.1", smtp_from="a@example.com", smtp_to="b@example.com") as running:
        yield running


async def typed(doors: House, *words: str, code: int = 0) -> str:
    """What a command prints; it has to end so."""
    env = _WIDE | {"ANCLORA_URL": doors.address, "API_KEY": doors.key}
    ended = await asyncio.to_thread(CliRunner().invoke, app, words, env=env)
    assert ended.exit_code == code, (words, ended.output, ended.exception)
    return ended.output


async def wrong(doors: House, severity: Severity = Severity.CRITICAL, **words: Any) -> Incident:
    known: dict[str, Any] = {"fingerprint": str(new_id()), "name": "AncloraLaneNotDraining", "source": "alertmanager"}
    known |= {"summary": "Nothing has left the queue for 2 min", "labels": {"lane": "send:sales"}}
    now = doors.deps.clock.now()
    signal = Signal(**known | words, severity=severity, starts_at=now - timedelta(seconds=40))
    found = await raise_signal(doors.deps.db, signal, clock=doors.deps.clock)
    assert found is not None
    return found


async def test_a_team_is_entered_and_looked_at(doors: House) -> None:
    for name in ("ana", "ben", "cleo"):
        await typed(doors, "oncall", "person", name, "--way", f"email={name}@example.com")
    await typed(doors, "oncall", "duty", "devops_lead", "cleo")
    await typed(doors, "oncall", "duty", "cto", "cleo")
    await typed(doors, "oncall", "rotation", "ana", "ben", "--from", "2026-01-05")
    assert "gap" not in await typed(doors, "oncall", "lint")
    await typed(doors, "oncall", "rotation", "ben", "ana", "--layer", "backup", "--from", "2026-01-05", "--at", "10:00")
    shown = await typed(doors, "oncall", "show")
    assert re.search(r"DevOps lead +cleo", shown)
    assert len(re.findall(r"Mon 20\d\d-\d\d-\d\d 10:00", shown)) >= 6
    assert "example.com" not in shown
    swapped = await typed(doors, "oncall", "swap", "2031-01-06", "2031-01-13", "--why", "a trip")
    taken_back = re.search(r"anclora oncall cancel (\S+)", swapped)
    assert taken_back is not None
    await typed(doors, "oncall", "cancel", taken_back[1])
    span = ("--from", "2031-02-01T10:00:00+01:00", "--to", "2031-02-03T10:00:00+01:00")
    await typed(doors, "oncall", "override", "cleo", *span, "--why", "a wedding")
    await typed(doors, "oncall", "rotation", "ana", "--layer", "backup", "--from", "2026-01-05")
    assert "ana is on call and backup at once." in await typed(doors, "oncall", "lint", code=1)
    off = json.loads(await typed(doors, "oncall", "holiday", "2031-12-25", "--name", "Navidad", "--json"))
    await typed(doors, "oncall", "holiday", "--remove", off["id"])
    await typed(doors, "oncall", "person", "ana", "--remove", code=1)


async def test_a_hand_off_is_noted_and_accepted(doors: House) -> None:
    for name in ("ana", "ben"):
        await typed(doors, "oncall", "person", name)
    await doors.deps.db.execute(
        "insert into oncall_handoffs (id, at, from_person, to_person, created_at)"
        " values (%(id)s, now() + interval '1 hour', 'ana', 'ben', now())",
        id=new_id(),
    )
    shown = await typed(doors, "oncall", "handoff", "--notes", "sales warms up")
    assert "**To:** ben" in shown
    assert "### Notes\nsales warms up\n" in shown
    assert "ben takes the shift" in await typed(doors, "oncall", "accept", "--as", "ben")
    assert json.loads(await typed(doors, "oncall", "handoff", "--json"))["state"] == "accepted"


async def test_an_incident_is_taken_planned_silenced_and_ended(doors: House) -> None:
    one, other = await wrong(doors), await wrong(doors, Severity.WARNING, name="AncloraCertificateExpires")
    await doors.ask("POST", "/api/v1/queue/pause", json={"instance": "sales", "why": "wrong price"})
    listed = await typed(doors, "incidents", "list", "--state", "unresolved")
    assert "AncloraLaneNotDraining" in listed
    assert "AncloraCertificateExpires" in listed
    assert re.search(r"acknowledged by +ana", await typed(doors, "incidents", "ack", str(one.id), "--as", "ana"))
    await typed(doors, "incidents", "note", str(one.id), "the provider says an hour")
    await typed(doors, "incidents", "plan", str(other.id), "--for", "2031-01-31", "--owner", "ben")
    await typed(doors, "incidents", "silence", str(other.id), "--for", "2h", "--reason", "known")
    await typed(doors, "incidents", "maintenance", "--for", "30m", "--reason", "Postgres is upgraded")
    await typed(doors, "incidents", "silence", "--match", "name=X", "--for", "1d", "--reason", "known")
    silences = json.loads(await typed(doors, "incidents", "silences", "--json"))
    assert [each["kind"] for each in silences] == ["silence", "maintenance", "silence"]
    await typed(doors, "incidents", "unsilence", silences[0]["id"])
    assert "everything" in await typed(doors, "incidents", "silences")
    await typed(doors, "incidents", "resolve", str(one.id), "--why", "they mended it")
    shown = await typed(doors, "incidents", "show", str(one.id))
    assert "the provider says an hour" in shown
    assert "Resolved: they mended it" in shown
    added = ("incidents", "action", "add", str(one.id), "page sooner", "--owner", "ben", "--by", "2031-02-14", "--json")
    action = json.loads(await typed(doors, *added))
    assert re.search(
        r"2031-02-14 +ben +page sooner", await typed(doors, "incidents", "action", "list", "--state", "open")
    )
    assert "**Status:** open, 1 of 1 actions to be done" in await typed(doors, "incidents", "postmortem", str(one.id))
    assert "page sooner" in await typed(doors, "incidents", "show", str(one.id))
    await typed(doors, "incidents", "action", "done", action["id"])
    assert "no such action" in await typed(doors, "incidents", "action", "list", "--state", "overdue")
    draft = await typed(doors, "incidents", "postmortem", str(one.id))
    assert "**Status:** closed  \n" in draft
    assert draft.startswith("# Post-mortem: AncloraLaneNotDraining\n")
    assert "| Detection (began, noticed) | 40 s |" in draft
    assert "queue.pause" in await typed(doors, "incidents", "changes")
    figures = await typed(doors, "oncall", "figures")
    assert re.search(r"critical +1 +1 +1", figures)
    # A command run in a process of its own ends with 2 for these; here the error itself comes out.
    for words in (["--for", "1h"], [str(one.id), "--for", "long"]):
        await typed(doors, "incidents", "silence", *words, "--reason", "x", code=1)


async def test_who_may_only_look_cannot_act(doors: House) -> None:
    one = await wrong(doors)
    key = await doors.make_key("incidents:read")
    assert (await doors.ask("GET", f"/api/v1/incidents/{one.id}", key=key)).status == 200
    refused = [
        await doors.ask("POST", f"/api/v1/incidents/{one.id}/acknowledge", key=key),
        await doors.ask("POST", "/api/v1/silences", json={"seconds": 60, "reason": "x"}, key=key),
        await doors.ask("GET", "/api/v1/oncall", key=key),
    ]
    assert [each.status for each in refused] == [403, 403, 403]
    taken = await doors.ask("POST", f"/api/v1/incidents/{one.id}/acknowledge")
    assert taken.json["acknowledged_by"] == "all"  # the key's name
    assert (await doors.ask("POST", f"/api/v1/incidents/{new_id()}/resolve")).json["code"] == "incident_not_found"
    assert (await doors.ask("POST", f"/api/v1/incidents/{one.id}/escalate")).json["code"] == "nobody_left"
