"""A notice as JSON to an address of one's own, signed as Standard Webhooks says: for n8n, a bot, a home-made pager."""

from anclora.notify.webhook.post import NoticeWebhook

__all__ = ["NoticeWebhook"]
