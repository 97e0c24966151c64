"""What the Cloud API carries, as data (Meta's documentation: media types and sizes, text objects; November 2026)."""

from anclora.providers.contract import CONTENT_TYPES, Capabilities

_MEGABYTE = 1_000_000

CAPABILITIES = Capabilities(
    contents=CONTENT_TYPES - {"poll", "status"},
    text_chars=4_096,
    caption_chars=1_024,
    media_bytes={
        "image": 5 * _MEGABYTE,
        "video": 16 * _MEGABYTE,
        "audio": 16 * _MEGABYTE,
        "document": 100 * _MEGABYTE,
        "sticker": 500_000,
    },
    mimetypes={
        "image": ("image/jpeg", "image/png"),
        "video": ("video/mp4", "video/3gpp"),
        "audio": ("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"),
        "document": (),
        "sticker": ("image/webp",),
    },
    client_reference="echo",
    find_messages=False,
    absence_proves=False,
    typing="answer",
    webhook_path="/webhooks/meta",
    shared_webhook=True,
)
