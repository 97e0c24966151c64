"""The bucket of logs: put with a checksum and proved, listed, deleted, and its lifecycle rules. Blocks."""

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from anclora.kit.errors import UnavailableError
from anclora.logs.errors import logs_error
from anclora.logs.model import StoredLog
from anclora.logs.rules import day_in_key

T = TypeVar("T")
_PAGE = 1_000  # S3's own limit of one delete request
_CONFIG = Config(
    connect_timeout=3.0,
    read_timeout=60.0,
    retries={"mode": "standard", "total_max_attempts": 3},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class LogStore:
    """One prefix of one bucket. Region, keys and endpoint are what AWS's client finds (`AWS_*`, profiles, roles).

    Every method raises `UnavailableError` when the bucket does not do it.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._made: Any = None

    def checksum(self, key: str) -> bytes | None:
        """The SHA-256 the bucket holds for an object; b"" = it is there without one, None = it is not there."""

        def head(client: Any) -> bytes | None:
            try:
                answer = client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    # HEAD says the same of a bucket that is not there; this one does not.
                    client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
                    return None
                raise
            return base64.b64decode(answer.get("ChecksumSHA256", ""))

        return self._do(head)

    def put(self, key: str, data: BinaryIO, sha256: bytes) -> None:
        """Upload, let the bucket compare the checksum, and ask it again what it holds.

        Raises:
            UnavailableError: also when it says something else (`logs_not_proved`).
        """
        data.seek(0)
        sum_ = base64.b64encode(sha256).decode()
        self._do(
            lambda client: client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=data,
                ContentType="application/gzip",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=sum_,
            )
        )
        if self.checksum(key) != sha256:
            raise UnavailableError(
                f"{self.bucket} does not prove that it holds {key}. It stays on this machine.", code="logs_not_proved"
            )

    def every(self) -> Iterator[StoredLog]:
        """Every object below the prefix, a page at a time."""
        token: dict[str, str] = {}
        while True:
            page: dict[str, Any] = self._do(
                lambda client, token=token: client.list_objects_v2(
                    Bucket=self.bucket, Prefix=self.prefix, MaxKeys=_PAGE, **token
                )
            )
            for item in page.get("Contents", ()):
                key = item["Key"]
                yield StoredLog(key=key, day=day_in_key(key, self.prefix), size_bytes=item["Size"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, a thousand at once.

        Raises:
            UnavailableError: also when the bucket keeps one (`logs_kept`); those before it are gone.
        """
        for start in range(0, len(keys), _PAGE):
            part = [{"Key": key} for key in keys[start : start + _PAGE]]
            answer = self._do(
                lambda client, part=part: client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": part, "Quiet": True}
                )
            )
            if kept := answer.get("Errors"):
                first = kept[0]
                raise UnavailableError(
                    f"{self.bucket} keeps {len(kept)} logs: {first['Key']} ({first.get('Code', '?')}).",
                    code="logs_kept",
                )

    def rules(self) -> list[dict[str, Any]]:
        """The bucket's lifecycle rules."""

        def get(client: Any) -> list[dict[str, Any]]:
            try:
                return list(client.get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"])
            except ClientError as error:
                if error.response["Error"].get("Code") == "NoSuchLifecycleConfiguration":
                    return []
                raise

        return self._do(get)

    def set_rules(self, rules: Sequence[dict[str, Any]]) -> None:
        """Replace them: S3 knows no other way."""
        self._do(
            lambda client: client.put_bucket_lifecycle_configuration(
                Bucket=self.bucket, LifecycleConfiguration={"Rules": list(rules)}
            )
        )

    def _do(self, work: Callable[[Any], T]) -> T:
        try:
            if self._made is None:
                self._made = Session().client("s3", config=_CONFIG)
            return work(self._made)
        except (BotoCoreError, ClientError) as error:
            raise logs_error(error, self.bucket) from error

    def close(self) -> None:
        """Let go of connections."""
        if self._made is not None:
            self._made.close()
