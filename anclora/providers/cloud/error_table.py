"""The error codes of Meta's Cloud API as data: what each stops, for how long, and what a person does about it.

From Meta's documentation (WhatsApp Cloud API, error codes; pair limit and messaging limits), read in November 2026.
"""

from collections.abc import Mapping
from typing import NamedTuple

from anclora.providers.contract import Fault, Refused, Scope

_MARKETING = frozenset({"marketing"})


class Meaning(NamedTuple):
    """One row.

    Attributes:
        name: stable code of the outcome, snake_case.
        refusal: how a send with this answer is refused; None = it may have gone out.
        advice: one sentence in plain words: what is wrong, and who does what.
    """

    name: str
    refusal: Refused | None
    advice: str


def _rest(scope: Scope, fault: Fault = Fault.PROVIDER, classes: frozenset[str] = frozenset()) -> Refused:
    return Refused(scope=scope, code="", text="", fault=fault, classes=classes)


def _never(fault: Fault = Fault.CALLER, scope: Scope = Scope.MESSAGE) -> Refused:
    return Refused(scope=scope, code="", text="", fault=fault, permanent=True)


_OUR_ACCOUNT = _rest(Scope.ACCOUNT, Fault.OURS)
_OUR_NUMBER = _rest(Scope.LANE, Fault.OURS)
_TOKEN = Meaning("token_refused", _OUR_ACCOUNT, "Meta does not accept the access token; make a new one.")
PERMISSIONS = Meaning("permission_missing", _OUR_ACCOUNT, "The token may not do this; give it the missing permission.")
_INVALID = "invalid_request"

MEANINGS: Mapping[int, Meaning] = {
    # Who we are, and whether we may.
    0: _TOKEN,
    190: _TOKEN,
    3: PERMISSIONS,
    10: PERMISSIONS,
    131005: PERMISSIONS,
    33: Meaning("number_gone", _OUR_NUMBER, "Meta knows no such number of ours; was it deleted or moved?"),
    368: Meaning("account_blocked", _OUR_ACCOUNT, "Meta blocks the account for a time; see its policy notices."),
    130497: Meaning("country_restricted", _never(), "The account may not write to people in this country."),
    131031: Meaning("account_locked", _OUR_ACCOUNT, "Meta locked the account; appeal in the Business Manager."),
    131037: Meaning("name_not_approved", _OUR_NUMBER, "The number's display name is not approved yet."),
    131042: Meaning("payment_missing", _OUR_ACCOUNT, "Meta wants a valid payment method; add one there."),
    131045: Meaning("number_not_registered", _OUR_NUMBER, "The number's certificate is wrong; register it again."),
    131057: Meaning("account_in_maintenance", _rest(Scope.ACCOUNT), "Meta works on the account; wait."),
    133000: Meaning(
        "number_not_registered", _OUR_NUMBER, "The number was not deregistered cleanly; register it again."
    ),
    133004: Meaning("unavailable", _rest(Scope.LANE), "Meta's server is away for a moment; it is tried again."),
    133006: Meaning("number_not_registered", _OUR_NUMBER, "The number must be verified before it is registered."),
    133010: Meaning("number_not_registered", _OUR_NUMBER, "The number is not registered; register it with its PIN."),
    133015: Meaning("number_not_registered", _OUR_NUMBER, "The number was just deleted; wait five minutes."),
    134011: Meaning("payment_missing", _OUR_ACCOUNT, "The terms of WhatsApp payments are not accepted."),
    # Too much, of various kinds.
    4: Meaning("app_rate_limit", _rest(Scope.ACCOUNT), "The app asks Meta too often; it goes on by itself, slower."),
    80007: Meaning("account_rate_limit", _rest(Scope.ACCOUNT), "The account reached its rate limit; wait."),
    130429: Meaning("rate_limit", _rest(Scope.LANE), "Faster than the number's throughput; it goes on by itself."),
    131048: Meaning(
        "spam_rate_limit",
        _rest(Scope.LANE, classes=_MARKETING),
        "People blocked or reported this number; marketing rests. Look at its quality before the next campaign.",
    ),
    131049: Meaning(
        "marketing_limit",
        _rest(Scope.RECIPIENT, Fault.RECIPIENT, _MARKETING),
        "This person got enough marketing from businesses for now; do not send it again today.",
    ),
    131056: Meaning(
        "pair_rate_limit",
        _rest(Scope.RECIPIENT),
        "Too many messages to this person in a short time; it goes out later by itself.",
    ),
    131064: Meaning("account_rate_limit", _rest(Scope.ACCOUNT), "The account reached its messaging limit; wait."),
    # The person.
    130472: Meaning("in_experiment", _never(Fault.RECIPIENT), "Meta sends this person no marketing: an experiment."),
    131021: Meaning("to_ourselves", _never(), "Sender and receiver are the same number."),
    131026: Meaning(
        "undeliverable",
        _never(Fault.RECIPIENT, Scope.RECIPIENT),
        "It cannot be delivered: no WhatsApp at this number, or an old version of it, or we are blocked.",
    ),
    131030: Meaning("not_on_test_list", _never(Fault.OURS), "A test number writes only to people on its list."),
    131047: Meaning(
        "window_closed", _never(), "This person's last message is older than 24 hours; send an approved template."
    ),
    131050: Meaning("marketing_stopped", _never(Fault.RECIPIENT), "This person does not want marketing from us."),
    # The message.
    100: Meaning(_INVALID, _never(), "Meta does not accept a part of the request; see its words."),
    131008: Meaning(_INVALID, _never(), "The request lacks a part Meta needs."),
    131009: Meaning(_INVALID, _never(), "A value in the request is not allowed."),
    131051: Meaning("type_not_supported", _never(), "WhatsApp does not carry this type of message."),
    131052: Meaning("media_not_usable", _rest(Scope.MESSAGE, Fault.CALLER), "Meta could not fetch the person's file."),
    131053: Meaning("media_not_usable", _rest(Scope.MESSAGE, Fault.CALLER), "Meta could not use the file; check it."),
    135000: Meaning(_INVALID, _never(), "Something in the request is wrong and Meta does not say what."),
    # Templates.
    132000: Meaning("template_parameters", _never(), "The template has another number of places than was filled."),
    132001: Meaning(
        "template_missing", _never(scope=Scope.TEMPLATE), "No approved template has this name in this language."
    ),
    132005: Meaning("template_too_long", _never(), "The text is too long once the template's places are filled."),
    132007: Meaning("template_policy", _never(scope=Scope.TEMPLATE), "The template breaks Meta's rules; change it."),
    132012: Meaning("template_parameters", _never(), "A value has another form than the template's place wants."),
    132015: Meaning("template_paused", _rest(Scope.TEMPLATE), "Meta paused the template for its quality; wait."),
    132016: Meaning("template_disabled", _never(scope=Scope.TEMPLATE), "Meta disabled the template; use another."),
    132018: Meaning("template_parameters", _never(), "The values of the template are not valid."),
    132068: Meaning("flow_blocked", _never(), "The flow is blocked; mend it at Meta."),
    132069: Meaning("flow_throttled", _rest(Scope.LANE), "The flow was used too often; wait an hour."),
    # Meta itself. These two say that something failed, not that nothing went out: only a status ends the doubt.
    1: Meaning("unknown_at_meta", None, "Meta failed and does not say how; a status may still tell."),
    131000: Meaning("unknown_at_meta", None, "Meta failed and does not say how; a status may still tell."),
    2: Meaning("unavailable", _rest(Scope.LANE), "Meta is overloaded or down for a moment; it is tried again."),
    131016: Meaning("unavailable", _rest(Scope.LANE), "A service of Meta is away for a moment; it is tried again."),
}
