"""What Evolution API over a paired phone can do, as data. Each figure says where it comes from.

What is really shown was never promised by anybody: buttons and lists are accepted with 201 and then mostly not drawn on
the receiver's phone (contract 3.5 and its user reports), so they go out as numbered text unless somebody forces them.
"""

from anclora.providers.contract import CONTENT_TYPES, Capabilities, Limits

_MEGABYTE = 1_000_000
_QUARTER_HOUR_SECONDS = 15 * 60
_TWO_DAYS_SECONDS = 2 * 24 * 3_600

# WhatsApp's documented limits (Cloud API reference, media and text objects). A QR number may get more through, for
# example video up to 64 MB, but nothing promises it. Evolution re-encodes images to JPEG and audio to Opus.
CAPABILITIES = Capabilities(
    find_heard=True,
    # The server inserts its row after the socket has sent (contract 3.3): what failed in between shows nowhere.
    hidden_by=frozenset({"not_stored", "connection_closed", "type_error", "unclear_answer"}),
    text_chars=65_536,
    caption_chars=1_024,
    media_bytes={
        "image": 16 * _MEGABYTE,
        "video": 16 * _MEGABYTE,
        "audio": 16 * _MEGABYTE,
        "document": 100 * _MEGABYTE,
        "sticker": 500_000,
    },
    mimetypes={
        "image": ("image/jpeg", "image/png", "image/webp"),
        "video": ("video/mp4", "video/3gpp"),
        "audio": ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm"),
        "document": (),
        # The server converts any picture to WebP; an animated one must be one already.
        "sticker": ("image/webp", "image/png", "image/jpeg"),
    },
    contents=CONTENT_TYPES - {"template"},
    degraded={"buttons": "numbered text", "list": "numbered text"},
    limits=Limits(
        link_buttons=2,  # 2.4 refuses more; 2.3.7 takes any number
        poll_options=10,  # schema of 2.3.7: values 2 to 10, unique
        # sendContact has no quoted (schema of 2.3.7), and a voice note's is ignored before 2.4.
        quoting=CONTENT_TYPES - {"reaction", "status", "contacts", "audio"},
    ),
    # The phone's own rule; the server's check of it compares seconds with milliseconds and lets everything pass.
    edit_seconds=_QUARTER_HOUR_SECONDS,
    delete_seconds=_TWO_DAYS_SECONDS,
    typing="anybody",
)
