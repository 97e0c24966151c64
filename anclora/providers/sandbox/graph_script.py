"""The script of a Graph simulator: the sandbox's own script, with numbers, templates and faults of the Cloud API."""

from pathlib import Path
from typing import Any

import msgspec

from anclora.kit.errors import SetupError
from anclora.providers.sandbox.graph_errors import REFUSALS
from anclora.providers.sandbox.script import Fault, FaultKind, Script

_PAGE = "<html><body><h1>One moment, please</h1></body></html>"
_TAKEN = '{"messaging_product":"whatsapp","contacts":[]}'
GRAPH_FAULTS = {
    "timeout_after_send": FaultKind(True, hold=True),
    "timeout_before_send": FaultKind(False, hold=True),
    "reset_after_send": FaultKind(True),
    "gateway_502": FaultKind(False, 502, page=_PAGE),
    "gateway_502_sent": FaultKind(True, 502, page=_PAGE),
    "unavailable_503": FaultKind(False, 503, page=_PAGE),
    "too_many_429": FaultKind(False, 429, page=_PAGE),
    "page_200_sent": FaultKind(True, 200, page=_PAGE),
    # Recording send_business/032-text-graph-200-without-messages.
    "ok_without_id_sent": FaultKind(True, 200, page=_TAKEN),
    "ok_without_id": FaultKind(False, 200, page=_TAKEN),
    "cut_200_sent": FaultKind(True, 200, page='{"messages":[{"id":"wam', cut=True),
}
_ERROR, _LATE = "error_", "late_"


class GraphFault(Fault, frozen=True):
    """One kind of failure, as in the sandbox's script.

    The kinds: a key of `GRAPH_FAULTS`; `error_<code>` = that code in the answer; `late_<code>` = the message is taken,
    and a failed status with that code follows.
    """

    def __post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in GRAPH_FAULTS and self.code is None:
            msg = f"fault kind {self.kind!r} is none of {', '.join(GRAPH_FAULTS)}, error_<code> and late_<code>"
            raise ValueError(msg)

    @property
    def code(self) -> int | None:
        """Meta's code, if it is one's fault."""
        digits = self.kind.removeprefix(_ERROR).removeprefix(_LATE)
        return int(digits) if digits.isdecimal() and int(digits) in REFUSALS and digits != self.kind else None

    @property
    def late(self) -> bool:
        """Whether the code comes in a status."""
        return self.kind.startswith(_LATE)


class GraphNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One number of the account, in Meta's words; `id` is its phone number id."""

    id: str = "109876543210001"
    display: str = "+34 911 222 333"
    name: str = "Anclora"
    status: str = "CONNECTED"
    quality: str = "GREEN"
    throughput: str = "STANDARD"
    tier: str = "TIER_UNLIMITED"


class GraphTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One template of the account."""

    name: str
    language: str = "es"
    status: str = "APPROVED"
    category: str = "UTILITY"
    components: tuple[Any, ...] = ()


class GraphScript(Script, frozen=True):
    """Everything a Graph simulator plays; what belongs to paired phones is ignored.

    Attributes:
        account: the WhatsApp Business Account.
        token: the access token it takes.
        app_secret: signs webhooks.
        page_rows: rows of one page of a list.
        enforce_window: free messages to people who did not write within 24 hours are refused with 131047.
    """

    account: str = "209876543210001"
    token: str = "sandbox-token"  # noqa: S105 - of a simulator
    app_secret: str = "sandbox-app-secret"  # noqa: S105 - of a simulator
    numbers: tuple[GraphNumber, ...] = (GraphNumber(),)
    templates: tuple[GraphTemplate, ...] = ()
    faults: tuple[GraphFault, ...] = ()  # pyright: ignore[reportIncompatibleVariableOverride] - a narrower kind, never written
    page_rows: int = 25
    enforce_window: bool = False


def load_graph_script(path: Path | None) -> GraphScript:
    """Read a script; without a path one number and no faults.

    Raises:
        SetupError: the file is not readable or says something unknown; the sentence names it.
    """
    if path is None:
        return GraphScript()
    try:
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        return decode(path.read_bytes(), type=GraphScript)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise SetupError(f"The script of the Graph simulator {path} cannot be used: {error}") from error
