"""Slack's incoming webhook: one address that is the secret and the channel in one.

It carries no files, and does not say where a message went: so no threads, and nothing is changed afterwards.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from anclora.kit.http import Poster
from anclora.kit.severity import Severity
from anclora.kit.wire import Answer
from anclora.notify.contract import EVERY_KIND, Delivered, Outcome, Outgoing
from anclora.notify.slack.blocks import drawn
from anclora.notify.slack.errors import refusal, unanswered, unusual
from anclora.notify.slack.rendering import fallback, rendered

_TIMEOUT_SECONDS = 15.0
_WORDS = {400, 403, 404, 410}  # statuses whose body is the word of an error
TARGET = "webhook"


class SlackWebhook:
    """An incoming webhook.

    Args:
        url: as Slack shows it; every notice goes to the channel it was made for.
        buttons: whether presses of them reach us; else they are left away.
    """

    gap_seconds = 1.0
    kinds = EVERY_KIND

    def __init__(self, url: str, *, buttons: bool = False) -> None:
        parts = urlsplit(url)
        self._poster = Poster(f"{parts.scheme}://{parts.netloc}")
        self._target = parts.path
        self._buttons = buttons

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - it has one channel, whatever the matter
        """The one it has."""
        return [TARGET]

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Post the text; files are left out, and that is said."""
        notice = outgoing.notice
        body: dict[str, Any] = {"text": rendered(notice, outgoing.id)}
        if notice.is_alarm:
            body = {"text": fallback(notice), "blocks": drawn(notice, outgoing.id, buttons=self._buttons)}
        result = await self._poster.post(self._target, msgspec.json.encode(body), timeout_seconds=_TIMEOUT_SECONDS)
        if not isinstance(result, Answer):
            return unanswered(result)
        if result.status == 200:
            files = [file.name for file in outgoing.notice.attachments]
            return Delivered(
                vendor_id="", left_out=[f"{name}: a webhook carries no files; set SLACK_BOT_TOKEN." for name in files]
            )
        if result.status in _WORDS:
            return refusal(result.body.decode("ascii", "replace").strip())
        return unusual(result)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()
