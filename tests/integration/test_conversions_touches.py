"""What a conversion is put down to: messages that reached the person, links they followed, and never a scanner."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from api_harness import PHONE, Answered, House, house
from msgspec import to_builtins

from anclora.contacts import merge
from anclora.inbound.hear import Voice, hear
from anclora.providers.contract import InboundEvent, Referral
from anclora.storage.database import Database, fetch_all

PATH, LINKS = "/api/v1/conversions", "/api/v1/links"
CAMPAIGN = "019aac5e-7a00-7000-8000-000000000011"
OTHER = "019aac5e-7a00-7000-8000-000000000012"
TARGET = "https://example.com/flats/7?utm=wa&x=%2F"
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14; CUBOT X70) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36"
DESKTOP_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
async def doors(db: Database, redis: Any) -> AsyncGenerator[House, None]:
    async with house(db, redis, attribution_days=7) as running:
        yield running


async def delivered(doors: House, *, ago: timedelta, to: str = PHONE, **columns: Any) -> str:
    """A message that reached the person some time ago."""
    sent = await doors.ask("POST", "/api/v1/messages", json={"to": to, "text": "hola"})
    row = {"campaign_id": None, "tags": [], "kind": "text", "content": b'{"type":"text","text":"hola"}'} | columns
    at = datetime.now(UTC) - ago
    await doors.deps.db.execute(
        "update messages set state = 'delivered', sent_at = %(at)s, delivered_at = %(at)s,"
        " campaign_id = %(campaign_id)s, tags = %(tags)s, kind = %(kind)s, content = %(content)s where id = %(id)s",
        id=sent.json["id"],
        at=at,
        **row,
    )
    return str(sent.json["id"])


async def link(doors: House, **wish: Any) -> Any:
    answer = await doors.ask("POST", LINKS, json={"url": TARGET} | wish)
    assert answer.status == 200, answer.body
    return answer.json["link"]


async def follow(
    doors: House, token: str, agent: str | None = PHONE_AGENT, method: str = "GET", **headers: str
) -> Answered:
    sent = {"User-Agent": agent or "", **headers}
    async with doors.session.request(
        method, f"{doors.address}/l/{token}", headers=sent, allow_redirects=False
    ) as answer:
        return Answered(answer.status, answer.headers, await answer.read())


async def lead(doors: House, **more: Any) -> Any:
    answer = await doors.ask("POST", PATH, json={"kind": "lead", "contact": PHONE} | more)
    assert answer.status == 200, answer.body
    return answer.json


def marked(conversion: Any, mark: str) -> Any:
    [touch] = [each for each in conversion["touches"] if each[mark]]
    return touch


async def test_the_first_and_the_last_touch_of_a_week_are_named(doors: House) -> None:
    await delivered(doors, ago=timedelta(days=8), campaign_id=OTHER)  # too long ago
    await delivered(doors, ago=timedelta(days=2))  # a plain text is put down to nothing
    await delivered(doors, ago=timedelta(days=1), to="+34600999888", campaign_id=OTHER)  # somebody else
    template = b'{"type":"template","name":"visit_reminder","language":"es"}'
    first = await delivered(doors, ago=timedelta(days=6), kind="template", content=template)
    last = await delivered(doors, ago=timedelta(hours=1), campaign_id=CAMPAIGN, tags=["new-flats"])
    made = await lead(doors)
    assert [each["message_id"] for each in made["touches"]] == [first, last]
    assert (marked(made, "first")["template"], marked(made, "first")["message_id"]) == ("visit_reminder", first)
    found = marked(made, "last")
    assert (found["campaign_id"], found["tags"], found["instance"]) == (CAMPAIGN, ["new-flats"], "sales")
    assert (await doors.ask("GET", f"{PATH}/{made['id']}")).json == made
    counts = [
        (await doors.ask("GET", f"{PATH}/figures?campaign_id={CAMPAIGN}&touch={rule}")).json["kinds"]
        for rule in ("last", "first")
    ]
    assert [[each["count"] for each in kinds] for kinds in counts] == [[1], []]


async def test_a_conversion_of_the_past_is_put_down_to_what_came_before_it(doors: House) -> None:
    before = await delivered(doors, ago=timedelta(days=3), tags=["a"])
    await delivered(doors, ago=timedelta(days=1), tags=["b"])
    made = await lead(doors, occurred_at=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    assert [each["message_id"] for each in made["touches"]] == [before]


async def test_what_somebody_names_counts_alone(doors: House) -> None:
    named = await delivered(doors, ago=timedelta(days=30), tags=["old"])
    await delivered(doors, ago=timedelta(days=1), campaign_id=CAMPAIGN)
    made = await lead(doors, contact=None, message_id=named)
    assert (marked(made, "first")["kind"], marked(made, "last")["tags"]) == ("named", ["old"])
    assert len(made["touches"]) == 2
    wrong = {"kind": "lead", "contact": "+34600999888", "message_id": named}
    assert (await doors.ask("POST", PATH, json={"kind": "lead", "contact": "+34600999888"})).status == 200
    assert (await doors.ask("POST", PATH, json=wrong)).json["code"] == "other_contact"


async def test_what_reached_one_number_of_a_person_counts_for_all(doors: House, db: Database) -> None:
    second = "+34600999888"
    sent = [await delivered(doors, ago=timedelta(days=n), to=to, tags=["x"]) for n, to in ((2, PHONE), (1, second))]
    early = await lead(doors, contact=second)
    await merge(db, PHONE[1:], second[1:], actor="test")
    for contact in (PHONE, second):
        made = await lead(doors, contact=contact)
        assert [each["message_id"] for each in made["touches"]] == sent
        found = (await doors.ask("GET", f"{PATH}?contact={contact.replace('+', '%2B')}")).json["conversions"]
        assert early["id"] in {each["id"] for each in found}


async def test_an_advertisement_that_brought_somebody_is_a_touch(doors: House, db: Database) -> None:
    referral = Referral(source_type="ad", source_id="120215", headline="Pisos nuevos", click_id="AfGh7")
    at = datetime.now(UTC) - timedelta(hours=3)
    said = [
        InboundEvent(provider_id=f"3A0{n}", sender=PHONE[1:], text="hola", at=at, referral=each)
        for n, each in enumerate((referral, None))
    ]
    await hear(db, [Voice("sales", each, None) for each in said])
    await delivered(doors, ago=timedelta(hours=1), tags=["x"])
    made = await lead(doors)
    first = marked(made, "first")
    assert (first["kind"], first["instance"], first["referral"]) == ("referral", "sales", to_builtins(referral))
    heard = await doors.ask("GET", f"/api/v1/inbound/{first['heard_id']}")
    assert heard.json["referral"]["headline"] == "Pisos nuevos"
    assert [each["kind"] for each in made["touches"]] == ["referral", "message"]
    row = await db.fetch_one("select data -> 'referral' ->> 'click_id' as id from events order by ordinal limit 1")
    assert row == {"id": "AfGh7"}


async def test_a_link_leads_where_it_was_made_for_and_tells_who_came(doors: House) -> None:
    made = await link(doors, contact=PHONE, campaign_id=CAMPAIGN)
    for agent, method, headers in (
        (PHONE_AGENT, "GET", {}),
        (DESKTOP_AGENT, "GET", {}),
        (PHONE_AGENT, "HEAD", {}),
        ("WhatsApp/2.23.20.0 A", "GET", {}),
        (DESKTOP_AGENT, "GET", {"Sec-Purpose": "prefetch;prerender"}),
        (None, "GET", {}),
    ):
        answer = await follow(doors, made["token"], agent, method, **headers)
        assert (answer.status, answer.headers["Location"], answer.body) == (302, TARGET, b"")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    shown = (await doors.ask("GET", f"{LINKS}/{made['token']}")).json["link"]
    assert (shown["clicks"], shown["scanners"]) == (2, 4)
    assert [(each["agent"], each["scanner"]) for each in shown["latest"][::-1]] == [
        ("mobile", None),
        ("desktop", None),
        ("mobile", "it asked for the head only"),
        ("other", "WhatsApp's preview"),
        ("desktop", "a browser fetched ahead"),
        ("other", "it names no browser"),
    ]
    conversion = await lead(doors)
    assert [each["kind"] for each in conversion["touches"]] == ["click", "click"]
    assert marked(conversion, "last")["campaign_id"] == CAMPAIGN


async def test_a_click_right_behind_the_message_from_no_telephone_is_a_scanner(doors: House) -> None:
    for minutes, agent, scanners in ((0, DESKTOP_AGENT, 1), (0, PHONE_AGENT, 0), (1, DESKTOP_AGENT, 0)):
        message = await delivered(doors, ago=timedelta(minutes=minutes))
        made = await link(doors, message_id=message)
        await follow(doors, made["token"], agent)
        shown = (await doors.ask("GET", f"{LINKS}/{made['token']}")).json["link"]
        assert (shown["scanners"], shown["clicks"]) == (scanners, 1 - scanners)


async def test_the_first_click_of_a_person_records_the_links_conversion(doors: House, db: Database) -> None:
    message = await delivered(doors, ago=timedelta(hours=2), campaign_id=CAMPAIGN)
    made = await link(doors, message_id=message, conversion_kind="lead")
    await follow(doors, made["token"], "facebookexternalhit/1.1")
    assert await db.fetch_one("select count(*) as n from conversions") == {"n": 0}
    for _ in range(3):
        await follow(doors, made["token"])
    [row] = (await doors.ask("GET", PATH)).json["conversions"]
    shown = (await doors.ask("GET", f"{PATH}/{row['id']}")).json
    assert (shown["kind"], shown["source"], shown["phone"]) == ("lead", "link", PHONE[1:])
    assert shown["recorded_by"] == f"link:{made['id']}"
    last = marked(shown, "last")
    assert (last["kind"], last["message_id"], last["campaign_id"]) == ("click", message, CAMPAIGN)
    found = (await doors.ask("GET", f"{PATH}/figures?campaign_id={CAMPAIGN}")).json
    assert [(each["kind"], each["count"]) for each in found["kinds"]] == [("lead", 1)]


async def test_a_token_that_leads_nowhere_tells_nothing(doors: House, db: Database) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    made = await link(doors, expires_at=soon)
    assert (await follow(doors, made["token"])).status == 302
    doors.deps.clock.pass_seconds(61)  # pyright: ignore[reportAttributeAccessIssue]
    answers = [await follow(doors, token) for token in (made["token"], "A" * 20, "x", "%00", "a%2Fb", "ñ")]
    assert {(each.status, each.body) for each in answers[:-2]} == {(404, answers[0].body)}
    assert b"nowhere" in answers[0].body
    assert (await follow(doors, made["token"], method="HEAD")).body == b""
    assert await db.fetch_one("select count(*) as n from link_clicks") == {"n": 1}


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.com/",
        "//example.com/",
        "/l/abc",
        "https:///x",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://example.com\\@evil.com/",
        "https://example.com/ x",
        "https://example.com/\r\nSet-Cookie: a=b",
        "https://example.com:99999/",
        "https://" + "a" * 2_000,
    ],
)
async def test_a_link_cannot_lead_astray(doors: House, url: str) -> None:
    answer = await doors.ask("POST", LINKS, json={"url": url})
    assert (answer.status, answer.json["code"] in ("bad_link_url", "schema")) == (422, True)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"conversion_kind": "lead"}, "no_contact"),
        ({"conversion_kind": "x", "contact": PHONE}, "unknown_kind"),
        ({"message_id": CAMPAIGN}, "unknown_message"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "in_the_past"),
    ],
)
async def test_a_link_nobody_could_use_is_refused(doors: House, wish: Any, code: str) -> None:
    assert (await doors.ask("POST", LINKS, json={"url": TARGET} | wish)).json["code"] == code


async def test_links_have_pages_and_are_their_accounts(doors: House, db: Database) -> None:
    made = [await link(doors) for _ in range(3)]
    page = (await doors.ask("GET", f"{LINKS}?limit=2")).json
    rest = (await doors.ask("GET", f"{LINKS}?limit=2&before={page['next']}")).json
    tokens = [each["link"]["token"] for each in (*page["links"], *rest["links"])]
    assert tokens == [each["token"] for each in made[::-1]]
    assert len(set(tokens)) == 3
    assert page["links"][0]["short_url"] == f"{doors.deps.public_url}/l/{tokens[0]}"
    await db.execute("update links set account = 'other'")
    assert (await doors.ask("GET", f"{LINKS}/{tokens[0]}")).status == 404
    assert (await follow(doors, tokens[0])).status == 302


async def test_touches_are_looked_up_by_an_index(doors: House, db: Database) -> None:
    await delivered(doors, ago=timedelta(days=1), tags=["x"])
    async with db.transaction() as conn:
        await conn.execute("set local enable_seqscan = off")  # tables of one row are read whole otherwise
        rows = await fetch_all(
            conn,
            "explain (costs off) select id from messages m where m.contact_id = %(id)s"
            " and (m.campaign_id is not null or m.tags <> '{}' or m.kind = 'template')",
            id=UUID(CAMPAIGN),
        )
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "contact_id_idx" in plan, plan
    assert "Seq Scan" not in plan
