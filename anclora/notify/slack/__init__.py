"""Slack: the Web API with a bot token, or one incoming webhook; and the buttons people press.

What is known of Slack stands here and nowhere else. Source: docs.slack.dev (chat.postMessage, files.*, rate limits,
sending messages using incoming webhooks, block kit, interactivity, verifying requests).
"""

from anclora.notify.slack.bot import SlackBot
from anclora.notify.slack.press import Pressed, pressed, say_back
from anclora.notify.slack.signature import HEADER, TIME_HEADER, in_time, signature_of, signed
from anclora.notify.slack.webhook import SlackWebhook

__all__ = [
    "HEADER",
    "TIME_HEADER",
    "Pressed",
    "SlackBot",
    "SlackWebhook",
    "in_time",
    "pressed",
    "say_back",
    "signature_of",
    "signed",
]
