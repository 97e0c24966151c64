"""Webhooks out, the pure part: waits, widths, shares, signatures, and the addresses nothing goes to."""

import random
from base64 import b64decode
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from anclora.hooks.addresses import CheckedResolver, RefusedAddressError, check_literal, networks, why_refused
from anclora.hooks.model import Delivery, Hook
from anclora.hooks.post import shown_answer
from anclora.hooks.rules import (
    alone_wait_seconds,
    blames_the_event,
    check_types,
    check_url,
    fails_persistently,
    good_secrets,
    is_over,
    next_try_at,
    share,
    size_of,
    suspect_of,
    wait_seconds,
    webhook_id_of,
    width_after,
)
from anclora.kit.errors import InvalidError, SetupError
from anclora.kit.signing import new_secret, signature

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


class Even(random.Random):
    """Dice that always fall in the middle."""

    def random(self) -> float:
        return 0.5


def hook(**values: Any) -> Hook:
    fields: dict[str, Any] = dict.fromkeys(Hook.__struct_fields__)
    fields |= {"batch_size": 50, "failures": 0, "secret": "whsec_YQ==", "types": ["*"], "url": "https://x.example"}
    return Hook(**(fields | values))


def delivery(n: int, subject: str = "message:1", first: datetime | None = None, alone: int = 0) -> Delivery:
    return Delivery(event_id=UUID(int=n), ordinal=n, subject=subject, alone=alone, first_tried_at=first)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The example of the specification, standard-webhooks/spec/standard-webhooks.md and its libraries' tests.
    signed = signature(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_32_bytes_and_no_twin() -> None:
    one, two = new_secret(), new_secret()
    assert one.startswith("whsec_")
    assert len(b64decode(one.removeprefix("whsec_"))) == 32
    assert one != two


def test_the_secret_before_is_good_for_its_day() -> None:
    rotated = hook(old_secret="whsec_Yg==", old_secret_until=NOW)
    assert good_secrets(rotated, NOW - timedelta(seconds=1)) == ["whsec_YQ==", "whsec_Yg=="]
    assert good_secrets(rotated, NOW) == ["whsec_YQ=="]


def test_an_endpoint_is_left_alone_longer_each_time_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_seconds(n, None, Even()) for n in range(1, 12)]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits == sorted(waits)
    assert waits[-1] == 900.0
    assert len({wait_seconds(3, None) for _ in range(10)}) > 1  # not all at the same moment


def test_a_wish_counts_when_it_is_longer_and_not_without_end() -> None:
    assert wait_seconds(1, 120.0, Even()) == 120.0
    assert wait_seconds(1, 1.0, Even()) == 5.0
    assert wait_seconds(1, 1e9, Even()) == 21_600.0


def test_an_event_set_aside_has_some_sixteen_tries_in_its_day() -> None:
    passed, tries = 0.0, 0
    while passed < 86_400:
        tries += 1
        passed += alone_wait_seconds(tries, Even())
    assert 14 <= tries <= 18


def test_its_day_counts_from_its_first_try() -> None:
    day = timedelta(hours=24)
    assert not is_over(delivery(1), NOW)
    assert not is_over(delivery(1, first=NOW - day + timedelta(seconds=1)), NOW)
    assert is_over(delivery(1, first=NOW - day), NOW)


@pytest.mark.parametrize(("failures", "minutes", "paused"), [(5, 60, True), (4, 600, False), (50, 59, False)])
def test_only_failures_for_long_enough_pause(failures: int, minutes: int, paused: bool) -> None:
    since = NOW - timedelta(minutes=minutes)
    assert fails_persistently(failures, since, NOW, after_seconds=3_600) == paused


def test_a_request_is_cut_in_half_until_one_is_left_and_grows_again() -> None:
    widths = [50]
    while widths[-1] > 1:
        widths.append(width_after(hook(width=widths[-1]), [[delivery(n) for n in range(widths[-1])]]) or 0)
    assert widths == [50, 25, 12, 6, 3, 1]
    assert width_after(hook(width=1), [[delivery(1)]]) == 1
    assert width_after(hook(width=8), [[delivery(1, alone=1)]]) == 8
    assert width_after(hook(width=3), []) == 6
    assert width_after(hook(width=25), []) is None
    assert width_after(hook(), []) is None
    assert size_of(hook(width=80, batch_size=50)) == 50


@given(
    st.lists(st.integers(0, 5), max_size=60).map(
        lambda subjects: [delivery(n, f"message:{s}") for n, s in enumerate(subjects)]
    ),
    st.integers(1, 9),
    st.integers(1, 5),
)
def test_shares_keep_order_and_subjects_apart(deliveries: list[Delivery], size: int, requests: int) -> None:
    groups = share(deliveries, size, requests)
    assert len(groups) <= requests
    assert all(1 <= len(group) <= size for group in groups)
    homes: defaultdict[str, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        assert [each.ordinal for each in group] == sorted(each.ordinal for each in group)
        for each in group:
            homes[each.subject].add(number)
    assert all(len(numbers) == 1 for numbers in homes.values())
    shared = {each.ordinal for group in groups for each in group}
    for each in deliveries:  # what goes is the beginning of its subject, so nothing overtakes
        earlier = {
            other.ordinal for other in deliveries if other.subject == each.subject and other.ordinal < each.ordinal
        }
        assert each.ordinal not in shared or earlier <= shared
    assert bool(groups) == bool(deliveries)


def test_what_failed_alone_goes_alone_and_its_subject_waits_for_it() -> None:
    poison = delivery(2, "message:b", alone=1)
    rest = [delivery(1, "message:a"), delivery(3, "message:b"), delivery(4, "message:c")]
    groups = share([rest[0], poison, *rest[1:]], 10, 4)
    assert groups == [[rest[0], rest[2]], [poison]]


def test_a_row_of_failures_of_one_subject_blames_its_event() -> None:
    lone = delivery(1, "message:a", alone=2)
    assert suspect_of(hook(), {"message:a"}, first=True) == "message:a"
    assert suspect_of(hook(suspect="message:a"), {"message:a"}, first=False) == "message:a"
    assert suspect_of(hook(suspect="message:a"), {"message:b"}, first=False) is None
    assert suspect_of(hook(suspect=None), {"message:b"}, first=False) is None
    assert blames_the_event("message:a", [lone])
    assert not blames_the_event("message:a", [delivery(1, "message:a")])
    assert not blames_the_event(None, [lone])
    since = NOW - timedelta(hours=7)
    assert fails_persistently(9, since, NOW, after_seconds=21_600)
    assert not fails_persistently(9, since, NOW, after_seconds=21_600, sole=True)
    assert next_try_at(delivery(1, first=NOW - timedelta(hours=23, minutes=59), alone=9), NOW) == NOW + timedelta(
        minutes=1
    )


def test_the_same_events_have_the_same_id_and_others_another() -> None:
    ids = [UUID(int=n) for n in range(3)]
    assert webhook_id_of(ids[:1]) == str(ids[0])
    assert webhook_id_of(ids) == webhook_id_of(list(ids))
    assert webhook_id_of(ids) != webhook_id_of(ids[:2])
    assert webhook_id_of(ids) != webhook_id_of(ids[::-1])


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://x.example/",
            "x.example",
            "https://",
            "https:///path",
            "http://user:pw@x.example/",
            "https://x.example/#a",
        ),
        *(
            "https://x.example:99999/",
            "https://x.example/ä",
            "https://x.example/a b",
            "http://[::1/",
            "https://x.example:0/",
        ),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_url(url)
    assert refusal.value.code == "bad_hook_url"


def test_an_address_may_have_any_port_and_a_query() -> None:
    for url in ("https://x.example/in?key=1", "http://x.example:8443", "http://203.0.113.7:81/a"):
        assert check_url(url) == url


def test_types_are_known_ones_or_patterns() -> None:
    assert check_types(["message.*", "*", "message.sent", "*"]) == ["message.*", "*", "message.sent"]
    for wrong in ("message", "message.flown", "messages.*", "*.sent", ""):
        with pytest.raises(InvalidError, match=r"message\.sent"):
            check_types([wrong])


REFUSED = [
    "0.0.0.0",  # noqa: S104 - refused, not bound to
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.0.9",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2001::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_nothing_goes_to_addresses_of_our_own_or_of_nobody(address: str) -> None:
    assert why_refused(ip_address(address)) is not None
    with pytest.raises(RefusedAddressError, match="ANCLORA_HOOKS_ALLOW"):
        check_literal(address, ())


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "11.0.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"],
)
def test_the_rest_of_the_world_is_open(address: str) -> None:
    assert why_refused(ip_address(address)) is None
    check_literal(address, ())


def test_what_is_allowed_is_open_and_nothing_beside_it() -> None:
    allowed = networks("127.0.0.0/8, 10.20.0.0/16,::1/128,")
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.20.30.40", "::1"):
        assert why_refused(ip_address(address), allowed) is None
    for address in ("10.21.0.1", "169.254.169.254", "fe80::1"):
        assert why_refused(ip_address(address), allowed) is not None
    with pytest.raises(SetupError, match="ANCLORA_HOOKS_ALLOW"):
        networks("localhost")


class Fixed(AbstractResolver):
    """Says the same of every name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self.addresses
        ]

    async def close(self) -> None:
        return


async def test_a_name_is_refused_when_one_of_its_addresses_is() -> None:
    assert len(await CheckedResolver(Fixed("1.1.1.1", "2606:4700::1111"), ()).resolve("x.example")) == 2
    for addresses in (("10.0.0.7",), ("1.1.1.1", "169.254.169.254"), ("::ffff:10.0.0.7",)):
        with pytest.raises(RefusedAddressError, match=r"x\.example is at"):
            await CheckedResolver(Fixed(*addresses), ()).resolve("x.example")


def test_the_log_keeps_how_an_answer_began_without_numbers_of_people() -> None:
    assert shown_answer(b"no such lead: +34600111222\r\n\x00") == "no such lead: +…222"
    assert shown_answer(b"\xff" * 3) == "\ufffd" * 3
    assert len(shown_answer(b"x" * 5_000)) == 500
