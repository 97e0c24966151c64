"""People's words and numbers stay in the ledger: not in logs, metrics, traces or error reports, whatever goes wrong."""

from pathlib import Path

import pytest

from anclora.storage.embedded import EmbeddedServers
from tests.collectors import collecting
from tests.faults.town import town
from tests.waiting import eventually

_WORDS = "te espero a las ocho junto al faro"
_PHONE = "34655443322"
_BAD_PHONE = "34655443377"
_SECRETS = (_WORDS, "junto al faro", _WORDS.encode().hex(), "655443322", "655 443 322", "655443377")


@pytest.mark.timeout(300)
async def test_planted_words_and_numbers_are_found_nowhere(own_servers: EmbeddedServers, tmp_path: Path) -> None:
    async with (
        collecting() as collectors,
        town(own_servers, tmp_path, ANCLORA_LOG_LEVEL="DEBUG", **collectors.environment) as here,
        here.ledger() as db,
    ):
        await here.start("dispatch", "dispatch")
        draft = {"to": f"+{_PHONE}", "text": _WORDS}
        accepted = await here.ask("POST", "/api/v1/messages", json=draft)
        assert accepted.status == 202
        message_id = accepted.json["id"]
        await here.out(1)
        await here.ask("GET", f"/api/v1/contacts/+{_PHONE}")
        await here.ask("POST", "/api/v1/messages", json={"to": _WORDS, "text": _WORDS})
        # A defect that shows the row it fell over: what Postgres says of it is all in its words.
        refuse = f"alter table messages add constraint planted check (recipient <> '{_BAD_PHONE}') not valid"
        await db.execute(refuse)  # pyright: ignore[reportArgumentType] - a statement of the test's own
        broken = await here.ask("POST", "/api/v1/messages", json={"to": f"+{_BAD_PHONE}", "text": _WORDS})
        assert broken.status == 500, broken
        await collectors.has(events=1, check_ins=2)

        async def spans_of(trace: str) -> list[str]:
            await collectors.has(spans=1)
            return sorted(span.name for span in collectors.spans if span.trace_id == trace)

        trace = message_id.replace("-", "")
        wanted = ["accept", "receipt delivered", "send"]
        for _ in range(50):
            if set(wanted) <= set(await spans_of(trace)):
                break
            await collectors.has(spans=len(collectors.spans) + 1)
        assert set(wanted) <= set(await spans_of(trace))
        [accept] = [span for span in collectors.spans if span.trace_id == trace and span.name == "accept"]
        [send] = [span for span in collectors.spans if span.trace_id == trace and span.name == "send"]
        assert (accept.parent_id, accept.links, send.parent_id) == ("", 1, trace[16:])
        assert send.attributes["anclora.outcome"] == "sent"
        [event] = collectors.of("event")
        assert event["exception"]["values"][-1]["type"] == "CheckViolation"
        assert event["tags"]["request_id"]

        async def checked_in() -> bool:  # what comes first is that several are in progress
            return {each["status"] for each in collectors.of("check_in")} == {"in_progress", "ok"}

        await eventually(checked_in)

        async with here.session.get(f"{here.url}/metrics") as answer:
            metrics = await answer.read()
        logs = {path.name: path.read_bytes() for path in here.home.logs.glob("*.log") if path.name != "sandbox.log"}
        places = {**logs, "metrics": metrics, "traces and reports": b"\n".join(collectors.raw)}
        assert b'"level":"ERROR"' in logs["api.log"]
        assert b"planted" in logs["api.log"]  # the defect is there to be seen, but for its values
        found = {(name, secret) for name, text in places.items() for secret in _SECRETS if secret.encode() in text}
        print({name: len(text) for name, text in places.items()}, "bytes searched; found", found)
        assert found == set()
