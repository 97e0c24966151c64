"""Files in an S3 bucket, named by their content: for processes on several machines.

The client of AWS blocks, so it works in a few threads of its own and never in the event loop. An upload is spooled to
the disk first: its size, type and hash are known before a byte goes out, the bucket checks the hash, and a try that
failed can be made again. It then lies under `new/` until its row is committed: naming it is a copy inside the bucket.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from anclora.kit.errors import AncloraError, UnavailableError
from anclora.kit.ids import new_id
from anclora.kit.logging import get_logger
from anclora.media.bucket_errors import bucket_error, is_missing_key
from anclora.media.disk import DiskStore
from anclora.media.store import Unnamed, gone, proved

log = get_logger(__name__)
T = TypeVar("T")
_THREADS = 8
_TURN_SECONDS = 30.0
_PAGE = 1_000
_CONFIG = Config(
    connect_timeout=3.0,
    read_timeout=30.0,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=_THREADS,
    # We name SHA-256 ourselves; others who speak S3 know none of the newer checksums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def s3_client() -> Any:
    """A client of AWS; made in a thread, since it reads files and may ask for a role."""
    return Session().client("s3", config=_CONFIG)


class BucketStore:
    """One prefix of one bucket. Region, keys and endpoint are what AWS's client finds (`AWS_*`, profiles, roles).

    Args:
        bucket: it must be there.
        prefix: of every key, "" or with a slash at its end.
        spool: where uploads wait until they are whole.
    """

    def __init__(self, bucket: str, prefix: str, *, spool: DiskStore) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._spool = spool
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="media")
        self._turns = asyncio.Semaphore(_THREADS)
        self._client: Any = None
        self._making = Lock()

    async def write(self, pieces: AsyncIterator[bytes], *, limit_bytes: int, admit: Callable[[bytes], None]) -> Unnamed:
        """As the contract says; the bucket compares the hash itself."""
        spooled = await self._spool.write(pieces, limit_bytes=limit_bytes, admit=admit)
        key = f"{self._prefix}new/{new_id().hex}"

        def put(client: Any) -> None:
            with Path(spooled.at).open("rb") as body:
                client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentLength=spooled.size,
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(spooled.hash)).decode(),
                )

        try:
            await self._do(put)
        except OSError as error:
            raise UnavailableError(f"The spooled file cannot be read: {error}.", code="media_folder") from error
        finally:
            await self._spool.drop(spooled)
        return Unnamed(at=key, hash=spooled.hash, size=spooled.size, head=spooled.head)

    async def place(self, draft: Unnamed) -> None:
        """Copy inside the bucket; what is left under `new/` is only room."""
        source = {"Bucket": self._bucket, "Key": draft.at}
        key = self._key(draft.hash)
        await self._do(
            lambda client: client.copy_object(
                Bucket=self._bucket, Key=key, CopySource=source, ChecksumAlgorithm="SHA256"
            )
        )
        await self.drop(draft)

    async def drop(self, draft: Unnamed) -> None:
        """Remove bytes that got no name."""
        try:
            await self._delete(draft.at)
        except AncloraError as error:
            log.warning("media_left_behind", key=draft.at, error=error.detail)

    async def read(self, file_hash: str) -> bytes:
        """The whole object, proved."""

        def get(client: Any) -> bytes | None:
            try:
                answer = client.get_object(Bucket=self._bucket, Key=self._key(file_hash))
            except ClientError as error:
                if is_missing_key(error):
                    return None
                raise
            with answer["Body"] as body:
                return proved(body.read(), file_hash)

        data = await self._do(get)
        if data is None:
            raise gone(file_hash)
        return data

    async def remove(self, file_hash: str) -> None:
        """Delete the object; S3 says the same of one that is not there."""
        await self._delete(self._key(file_hash))

    async def forget_unnamed(self, *, older_than_epoch_seconds: float) -> int:
        """Delete old objects under `new/`, a page of them at once."""

        def old(client: Any) -> list[str]:
            page = client.list_objects_v2(Bucket=self._bucket, Prefix=f"{self._prefix}new/", MaxKeys=_PAGE)
            return [
                item["Key"]
                for item in page.get("Contents", ())
                if item["LastModified"].timestamp() < older_than_epoch_seconds
            ]

        spooled = await self._spool.forget_unnamed(older_than_epoch_seconds=older_than_epoch_seconds)
        keys = await self._do(old)
        for key in keys:
            await self._delete(key)
        return spooled + len(keys)

    async def close(self) -> None:
        """Take no more work; what a thread does now ends by its own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    async def _delete(self, key: str) -> None:
        await self._do(lambda client: client.delete_object(Bucket=self._bucket, Key=key))

    async def _do(self, work: Callable[[Any], T]) -> T:
        """Let a thread do it, at most `_THREADS` at once."""
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise UnavailableError("Too many files are on their way at once.", code="media_bucket_busy") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._worked, work)
        except (BotoCoreError, ClientError) as error:
            raise bucket_error(error, self._bucket) from error
        finally:
            self._turns.release()

    def _worked(self, work: Callable[[Any], T]) -> T:
        with self._making:
            if self._client is None:
                self._client = s3_client()
        return work(self._client)

    def _key(self, file_hash: str) -> str:
        return f"{self._prefix}{file_hash[:2]}/{file_hash}"
