"""Why messages do not go out, in plain words: the program's own reasons, and those of the providers' tables. Pure."""

from collections.abc import Mapping

from anclora.providers.cloud.error_table import MEANINGS

_OWN: Mapping[str, str] = {
    "": "No reason is kept.",
    "tries_exhausted": "Every try was refused. Look at the last answer: anclora queue dlq list",
    "too_old": "It waited longer than ANCLORA_MAX_AGE_SECONDS allows, and late is worse than never.",
    "unknown_outcome": "Nothing shows whether it went out. Look at the chat, then requeue or discard it.",
    "provider_error": "The provider took it and said later that it could not be delivered.",
    "expired": "Its own expires_at came before it could leave.",
    "opted_out": "The person does not want to hear from us.",
    "canceled": "Somebody took it back before it left.",
    "discarded": "A person decided that it is not to be sent.",
    "not_on_whatsapp": "There is no WhatsApp at this number. Check the number, or take it off the list.",
    "invalid_request": "The provider does not accept a part of the message; its words stand with the message.",
    "media_not_usable": "The file could not be fetched or used. Check its address and its type.",
    "connection_closed": "The number's connection was closed. See: anclora instances health",
    "timed_out": "WhatsApp did not answer the provider in time.",
    "never_connected": "The number was never connected. Pair it: anclora instances qr",
    "rate_overlimit": "WhatsApp was asked too often by this number; it goes on by itself, slower.",
    "too_many_requests": "A proxy before the provider let no more through; it goes on by itself, slower.",
    "key_refused": "The provider does not accept our key. Set EVOLUTION_API_KEY to the server's.",
    "forbidden": "The provider forbids this to our key.",
    "instance_not_found": "The provider knows no such number. See: anclora instances",
    "orphaned": "The process that sent it stopped before it knew the outcome.",
    "busy": "This machine had no connection left for it.",
    "unclear_answer": "The provider answered something nobody has named yet; its words stand with the message.",
}
_BEGIN: Mapping[str, str] = {
    "not_reached_": "The provider could not be reached.",
    "no_answer_": "The provider did not answer in time.",
}
_META: Mapping[str, str] = {meaning.name: meaning.advice for meaning in reversed([*MEANINGS.values()])}
WORDS: Mapping[str, str] = {**_META, **_OWN}


def words_of(cause: str) -> str:
    """The cause as a sentence; one nobody has named is shown as it is."""
    begun = next((words for begin, words in _BEGIN.items() if cause.startswith(begin)), None)
    return WORDS.get(cause) or begun or f"The provider says {cause}; its words stand with the message."
