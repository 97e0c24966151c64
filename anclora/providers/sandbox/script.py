"""The script of a sandbox: a small TOML or JSON file that says what goes wrong, to whom and how often.

Shares are 0 to 1, ranges are (least, most). What happens to a message depends on the seed, the recipient and the text
alone, never on the order of arrival, so two runs with one script have the same outcomes.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from anclora.kit.errors import SetupError

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=600_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Range = tuple[Milliseconds, Milliseconds]
State = Literal["open", "connecting", "close"]
Integration = Literal["WHATSAPP-BAILEYS", "EVOLUTION", "WHATSAPP-BUSINESS"]

DEFAULT_OWNER = "5511988887777"


class FaultKind(msgspec.Struct, frozen=True):
    """What one kind of fault does.

    Attributes:
        out: the message really goes out.
        status: of the answer; 0 = no answer comes.
        message: of the error answer.
        hold: keep the request open instead of closing the connection at once (only without an answer).
        page: a body of another server's, a proxy for example, instead of the error answer.
        cut: the connection breaks in the middle of the body.
    """

    out: bool
    status: int = 0
    message: str | list[str] = ""
    hold: bool = False
    page: str = ""
    cut: bool = False


_PAGE = "<html><body><h1>One moment, please</h1></body></html>"
# The words of contract 1.3 and 3.4, and of the recordings baileys_send/039 and 054.
FAULTS = {
    "connection_closed_500": FaultKind(False, 500, "Connection Closed"),
    "connection_closed_400_sent": FaultKind(True, 400, ["Error: Connection Closed"]),
    "connection_closed_400_not_sent": FaultKind(False, 400, ["Error: Connection Closed"]),
    "prisma_400_sent": FaultKind(True, 400, ["PrismaClientKnownRequestError: \nInvalid `message.create()` invocation"]),
    "rate_overlimit_500": FaultKind(False, 500, "rate-overlimit"),
    "timeout_after_send": FaultKind(True, hold=True),
    "timeout_before_send": FaultKind(False, hold=True),
    "reset_after_send": FaultKind(True),
    "internal_500": FaultKind(False, 500, "Internal server error"),
    "gateway_502": FaultKind(False, 502, page=_PAGE),
    "gateway_502_sent": FaultKind(True, 502, page=_PAGE),
    "unavailable_503": FaultKind(False, 503, page=_PAGE),
    "too_many_429": FaultKind(False, 429, page=_PAGE),
    "page_200_sent": FaultKind(True, 200, page=_PAGE),
    "page_200": FaultKind(False, 200, page=_PAGE),
    "cut_201_sent": FaultKind(True, 201, page='{"key":{"id":"3EB0', cut=True),
}


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Number(_Part, frozen=True):
    """One number (instance) the server has from the start.

    Attributes:
        name: in the paths.
        state: of the connection.
        token: its own key; made up when absent.
        owner: digits of the number itself.
        paired: whether it has a phone's credentials; without them it connects only when a code is scanned.
    """

    name: str
    state: State = "open"
    paired: bool = True
    token: str | None = None
    owner: str = DEFAULT_OWNER
    integration: Integration = "WHATSAPP-BAILEYS"


class Pick(_Part, frozen=True):
    """Which messages something happens to: a share, all of some numbers, those with a text, or the n-th (from 1)."""

    share: Share = 0.0
    numbers: frozenset[str] = frozenset()
    text: str | None = None
    nth: frozenset[int] = frozenset()


class Fault(_Part, frozen=True):
    """One kind of failure. Shares of the rules that fit a message add up: it meets at most one of them.

    Attributes:
        kind: a key of `FAULTS`.
        share: of the fitting messages.
        recipient: only this number (digits).
        text: only messages with these words in text, caption or file name.
        times: a message fails this often, then goes through.
        hold_seconds: how long a time-out holds the request when the client stays.
        retry_after: value of that header of the answer, as it is: seconds, a date, or nonsense.
        record: whether a message that went out is stored and announced by the server. False plays its row insert or
            its socket failing: neither `send.message` nor look-up nor receipts ever show it.
    """

    kind: str
    share: Share = 1.0
    recipient: str | None = None
    text: str | None = None
    times: Count = 1
    hold_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 120.0
    retry_after: str | None = None
    record: bool = True

    def __post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in FAULTS:
            msg = f"fault kind {self.kind!r} is not one of {', '.join(FAULTS)}"
            raise ValueError(msg)


class Receipts(_Part, frozen=True):
    """When and how receipts come; delays in ms after the send.

    Attributes:
        read_share: of the messages that are read at all.
        lost_share: of the receipts whose webhook is never posted; the look-up still shows them.
        never_share: of the messages that get no receipt at all.
        duplicate_share: of the receipts posted twice.
        disorder_share: of the messages whose receipts come in reverse.
        early_share: of the messages announced (and acknowledged) before the HTTP answer.
        error_share: of the messages refused late: `ERROR` instead of a delivery.
    """

    server_ack_ms: Range = (5.0, 50.0)
    delivery_ms: Range = (50.0, 500.0)
    read_ms: Range = (500.0, 2000.0)
    read_share: Share = 1.0
    lost_share: Share = 0.0
    never_share: Share = 0.0
    duplicate_share: Share = 0.0
    disorder_share: Share = 0.0
    early_share: Share = 0.0
    error_share: Share = 0.0


class Replies(_Part, frozen=True):
    """Who answers: a share of the recipients, once each, with one of the texts."""

    share: Share = 0.0
    numbers: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ("Hola, me interesa.",)
    delay_ms: Range = (200.0, 1000.0)


class Disconnect(_Part, frozen=True):
    """A number loses its connection after so many sends, for a while.

    Attributes:
        reason: Baileys' code; 401, 402, 403 and 406 are final (`close`), all others reconnect by themselves.
    """

    instance: str
    after_sends: Count
    for_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 2.0
    reason: int = 428


class Webhooks(_Part, frozen=True):
    """How webhooks are delivered (contract 5.3; the defaults are Evolution's).

    Attributes:
        retry_scale: factor on the waits of 5, 10, 20 … 300 s between two tries.
        connections: open at once per number.
        bound: deliveries waiting per number; later ones are dropped and counted.
    """

    retry_scale: Annotated[float, msgspec.Meta(ge=0, le=10)] = 1.0
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    tries: Count = 10
    connections: Annotated[int, msgspec.Meta(ge=1, le=256)] = 16
    bound: Count = 200_000


class Script(_Part, frozen=True):
    """Everything a sandbox plays.

    Attributes:
        instances: the numbers it has.
        latency_ms: of each send.
        not_on_whatsapp: recipients without WhatsApp (`share` of numbers, `numbers`).
        swallow: accepted and acknowledged messages that never reach the witness, to prove that a check notices.
        double: messages that reach the witness twice, likewise.
        aliases: the jid digits WhatsApp answers for a number, where they differ.
        stored_messages: per number, for the look-ups; the oldest go first.
        scan_after_seconds: a person scans a QR code so long after the first is shown; 0 = nobody does.
        qr_seconds: how long one code is good, then the next is shown.
        qr_limit: codes shown before the server gives up.
    """

    seed: int = 0
    instances: tuple[Number, ...] = (Number(name="sandbox"),)
    latency_ms: Range = (0.0, 0.0)
    not_on_whatsapp: Pick = Pick()
    faults: tuple[Fault, ...] = ()
    swallow: Pick = Pick()
    double: Pick = Pick()
    receipts: Receipts = Receipts()
    replies: Replies = Replies()
    disconnects: tuple[Disconnect, ...] = ()
    aliases: dict[str, str] = {}
    webhooks: Webhooks = Webhooks()
    stored_messages: Count = 200_000
    scan_after_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0
    qr_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 45.0
    qr_limit: Count = 30


def load_script(path: Path | None) -> Script:
    """Read a script; without a path the default one: one open number, no faults.

    Raises:
        SetupError: the file is not readable or says something unknown; the sentence names it.
    """
    if path is None:
        return Script()
    try:
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        return decode(path.read_bytes(), type=Script)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise SetupError(f"The sandbox script {path} cannot be used: {error}") from error
