"""Slack: the Web API with a bot token, or one incoming webhook.

What is known of Slack stands here and nowhere else. Source: docs.slack.dev (chat.postMessage, files.*, rate limits,
sending messages using incoming webhooks).
"""

from anclora.notify.slack.bot import SlackBot
from anclora.notify.slack.webhook import SlackWebhook

__all__ = ["SlackBot", "SlackWebhook"]
