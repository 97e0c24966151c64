"""The recordings: how they are found, masked and compared, which are held, and the report of n of m per group."""

import json
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from recordings import files

from anclora.providers.sandbox.schema_sends import SENDS

GLOBAL_KEY = "global-key-for-tests"

# Groups about what the sandbox does not play at all, each with its reason.
OTHER_GROUPS = {
    "send_business": "the Cloud API channel is not played",
    "template": "the Cloud API channel is not played",
    "inbound_meta": "the Cloud API channel is not played",
    "inbound_dead_receiver": "the Cloud API channel is not played",
    "status_meta": "the Cloud API channel is not played",
    "inbound_evolution": "inbound to the EVOLUTION channel is not played",
    "db_down": "there is no database to lose",
    "reboot": "a sandbox starts afresh",
    "baileys_reboot": "a sandbox starts afresh",
    "shutdown": "a sandbox starts afresh",
    "env_variants": "there is one environment",
    "client_abort": "no answer was recorded; tests/contract/test_sandbox_sending.py holds the behaviour",
    "webhook_delivery": "about retries, not answers; tests/contract/test_sandbox_webhooks.py holds them",
    "concurrency": "samples of races",
    "baileys_inbound": "events from below; tests/contract/test_sandbox_webhooks.py holds the played ones",
    "baileys_events": "events from below that are not played",
    "baileys_blocking": "edits are not played",
    "baileys_base64": "media bytes are not played",
}

_PLAYED = {
    "message": set(SENDS),
    "chat": {
        *("findMessages", "findStatusMessage", "whatsappNumbers"),
        *("updateMessage", "deleteMessageForEveryone", "markMessageAsRead", "sendPresence"),
    },
    "instance": {
        *("create", "fetchInstances", "connectionState", "connect", "restart", "logout", "delete", "setPresence"),
    },
    "webhook": {"set", "find"},
    "settings": {"set", "find"},
    "proxy": {"set", "find"},
    "rabbitmq": {"set", "find"},
    "sqs": {"set", "find"},
    "pusher": {"find"},
    "chatwoot": {"find"},
    "typebot": {"find"},
}
_IDS = {"id", "keyId", "messageId", "instanceId"}
_TIMES = {"messageTimestamp", "createdAt", "updatedAt", "date_time", "low", "disconnectionAt", "disconnectionObject"}
# Made up by the recorder's phone and media host.
_LOCAL = {
    "messageParamsJson",
    "timestampMs",
    "profileName",
    "profilePicUrl",
    "url",
    "directPath",
    "height",
    "width",
    "server_url",
    "destination",
    "base64",
}
# Secrets of a minute, where the answer is about pairing.
_CODES = {"code", "pairingCode"}


class Recording(NamedTuple):
    """One recorded exchange."""

    group: str
    file: str
    content: dict[str, Any]

    @property
    def request(self) -> dict[str, Any]:
        """Method, path, headers and body."""
        return self.content["request"]

    @property
    def answer(self) -> Any:
        """The body of the answer."""
        return self.content["response"].get("body")

    @property
    def status(self) -> int | None:
        """The status of the answer; None = there was none."""
        return self.content["response"]["status"]

    @property
    def words(self) -> Any:
        """The error message of the answer, whatever its form."""
        body = self.answer
        return body.get("response", {}).get("message") if isinstance(body, dict) else None

    def __str__(self) -> str:
        """The name of its test."""
        return f"{self.group}/{self.file}"


def recordings() -> list[Recording]:
    """Every recording of the folder; an empty or missing one is an error."""
    return [Recording(path.parent.name, path.name, json.loads(path.read_text())) for path in files()]


def exception(recording: Recording) -> str | None:
    """Why a recording is not held, by rule; None = it is."""
    if recording.group in OTHER_GROUPS:
        return OTHER_GROUPS[recording.group]
    request, path = recording.request, recording.request["path"].partition("?")[0]
    if recording.status is None:
        return "an event from below or an answer that never came: there is no answer to compare"
    group, operation = [*path.split("/")[1:], ""][:2]
    unknown_route = recording.status == 404 and str(recording.words).startswith("['Cannot ")
    if not unknown_route and path != "/" and request["method"] != "OPTIONS" and operation not in _PLAYED.get(group, ()):
        return "an endpoint that is not played"
    return _not_played(recording, json.dumps(request["body"], ensure_ascii=False), str(recording.words))


def _not_played(recording: Recording, body: str, words: str) -> str | None:
    baileys = recording.group.startswith("baileys")
    rules = {
        "groups are not played on a paired phone": baileys and "@g.us" in body,
        "receipts under a LID are not played": recording.group == "baileys_ack" and "@lid" in str(recording.answer),
        "what a payment button is made of is not played": '"pix"' in body and recording.status == 201,
        "what became of a video is not played": "Failed to get video duration" in words,
        "media are not fetched": any(text in words for text in ("AxiosError", "ECONNREFUSED", "unsupported image")),
        "groups without a connection are not played": "[object Object]" in words and "@g.us" in body,
        "a code that takes longer than the call is not played": '"qrcode": true' in body
        and (recording.answer or {}).get("qrcode") == {"count": 0},
        "other words of the socket than the scripted faults": "not-acceptable" in words
        or "Timed Out" in words
        or "Request Time-out" in json.dumps(recording.answer),
        "a database's own words": "DriverAdapterError" in words or "Prisma" in words,
        "another transport's own words": "content encoding" in words
        or "charset" in words
        or "JSON at position" in words
        or "is not valid JSON" in words,
        "the query string does not override the number": "?instanceName=" in recording.request["path"]
        and "fetchInstances" not in recording.request["path"],
        "a number whose removal waits for a dead receiver": "removal-pending" in recording.file,
    }
    return next((reason for reason, fits in rules.items() if fits), None)


def masked(value: Any, key: str = "") -> Any:
    """A body with everything that differs from run to run replaced by its type."""
    if isinstance(value, dict):
        if value and all(name.isdigit() for name in value):
            return "<bytes>"
        return {name: masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if key in _IDS | _TIMES | _LOCAL | _CODES and value is not None:
        return f"<{type(value).__name__}>"
    return value


class Report:
    """Counts what was held."""

    def __init__(self, found: list[Recording]) -> None:
        self.total = Counter(recording.group for recording in found)
        self.held: Counter[str] = Counter()
        self.exceptions: dict[str, Counter[str]] = defaultdict(Counter)
        for recording in found:
            reason = exception(recording)
            if reason is not None:
                self.exceptions[recording.group][reason] += 1

    def lines(self) -> list[str]:
        """One line per group, then its exceptions."""
        lines = ["sandbox held to the recordings (n of m):"]
        for group in sorted(self.total):
            if group in OTHER_GROUPS:
                lines.append(f"  {group}: 0 of {self.total[group]} ({OTHER_GROUPS[group]})")
                continue
            lines.append(f"  {group}: {self.held[group]} of {self.total[group]}")
            lines += [f"      {count} not held: {reason}" for reason, count in self.exceptions[group].items()]
        return lines
