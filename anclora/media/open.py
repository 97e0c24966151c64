"""Choosing the store the settings name."""

from importlib import import_module

from anclora.kit.settings import Settings
from anclora.media.disk import DiskStore
from anclora.media.store import FileStore


def open_store(settings: Settings) -> FileStore:
    """The folder of media, or the bucket where one is named. Opens no connection; whoever opens it closes it."""
    disk = DiskStore(settings.media_folder)
    if settings.media_bucket is None:
        return disk
    # The AWS client takes 0.2 s to import; only who has a bucket waits for that.
    store: FileStore = import_module("anclora.media.bucket").BucketStore(
        settings.media_bucket, settings.media_prefix, spool=disk
    )
    return store
