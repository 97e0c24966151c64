"""Files that were uploaded to us, kept by what they are: the same bytes are one file, under the SHA-256 of them.

They lie in a folder or in a bucket (`store`). An upload is streamed, never held in memory, and refused by its first
bytes when it is nothing WhatsApp takes.
A file lives for `media_days` after it was last given or asked for, and as long as any message may still need it. Its
name is its proof: a file that rotted is not sent.
"""

from anclora.media.keep import keep
from anclora.media.model import StoredFile, Uploaded
from anclora.media.open import open_store
from anclora.media.read import find, reserve
from anclora.media.rules import content_type_of, mimetype_of
from anclora.media.store import FileStore
from anclora.media.sweep import MediaSweep

__all__ = [
    "FileStore",
    "MediaSweep",
    "StoredFile",
    "Uploaded",
    "content_type_of",
    "find",
    "keep",
    "mimetype_of",
    "open_store",
    "reserve",
]
