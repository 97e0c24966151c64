"""Evidence: which event belongs to a message in doubt, and how a batch of receipts adds up."""

from datetime import UTC, datetime
from uuid import UUID

from anclora.messages.evidence import Candidate, Doubt, pick
from anclora.messages.receipts import gather
from anclora.providers.contract import ClientReference, Image, Media, OwnMessageEvent, ReceiptEvent, Text, fingerprint

ID = UUID(int=7)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def doubt(fingerprint_of_it: str | None) -> Doubt:
    return Doubt(
        id=ID,
        attempt=1,
        instance="one",
        recipient="34",
        fingerprint=fingerprint_of_it,
        intent_at=NOW,
        unknown_at=NOW,
        priority=2,
        ordinal=1,
        reason_code="timeout",
        policy="hold",
    )


def picked(words: str | None, *candidates: tuple[str, str | None], by: ClientReference = "none") -> str | None:
    return pick(doubt(words), [Candidate(*each) for each in candidates], by)


def test_words_decide_and_the_oldest_equal_one_is_taken() -> None:
    assert picked("a", ("1", "b"), ("2", "a"), ("3", "a")) == "2"
    assert picked("a", ("1", "b"), ("2", None)) is None


def test_without_words_only_a_sole_candidate_counts() -> None:
    assert picked(None, ("1", None)) == "1"
    assert picked(None, ("1", None), ("2", None)) is None
    assert picked(None, ("1", "a")) is None


def test_where_our_reference_comes_back_nothing_else_counts() -> None:
    same_words = Candidate("1", "a", "another's")
    assert pick(doubt("a"), [same_words], "echo") is None
    assert pick(doubt("a"), [same_words, Candidate("2", "b", str(ID))], "echo") == "2"
    assert pick(doubt("a"), [same_words], "id") is None
    assert pick(doubt("a"), [same_words, Candidate(str(ID), None)], "id") == str(ID)


def test_a_fingerprint_survives_spaces_and_tells_types_apart() -> None:
    assert fingerprint(Text(text="hola  mundo\n")) == fingerprint(Text(text="hola mundo"))
    assert fingerprint(Text(text="hola")) != fingerprint(Image(media=Media(url="https://a.b/c"), caption="hola"))
    assert fingerprint(Image(media=Media(url="https://a.b/c"))) is None


def test_receipts_of_one_id_merge_to_the_highest_rank_whatever_their_order() -> None:
    events = [ReceiptEvent(provider_id="x", rank=rank) for rank in (3, 1, 2, 1)]
    fact = gather([("one", event) for event in events], NOW)["one", "x"]
    assert fact.rank == 3
    assert (fact.delivered_at, fact.read_at, fact.played_at) == (NOW, NOW, None)


def test_an_error_is_remembered_beside_the_rank_and_the_same_id_of_two_numbers_is_two() -> None:
    facts = gather(
        [
            ("one", ReceiptEvent(provider_id="x", rank=0, text="463")),
            ("two", OwnMessageEvent(provider_id="x", recipient="34", fingerprint="f", at=NOW, by_api=True)),
        ],
        NOW,
    )
    assert (facts["one", "x"].error_text, facts["one", "x"].rank) == ("463", 0)
    assert (facts["two", "x"].rank, facts["two", "x"].by_api) == (1, True)
