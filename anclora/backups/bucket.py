"""Backups in an S3 bucket. Region, keys and endpoint are what AWS's client finds (`AWS_*`, profiles, roles)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from anclora.backups.errors import TargetError
from anclora.backups.model import Lying
from anclora.media.bucket import s3_client
from anclora.media.bucket_errors import Cause, cause_of, is_missing_key

T = TypeVar("T")
_TRANSFER = TransferConfig(multipart_threshold=64 << 20, multipart_chunksize=64 << 20, max_concurrency=4)
_CHECKED = {"ChecksumAlgorithm": "SHA256"}
_DOES: dict[Cause, str] = {
    Cause.MISSING: "There is no bucket {bucket}. Make it, or mend ANCLORA_BACKUP_URL (of archived months "
    "ANCLORA_RETENTION_URL).",
    Cause.DENIED: "The bucket {bucket} refuses us ({said}). Our keys need s3:GetObject, s3:PutObject, s3:DeleteObject, "
    "s3:AbortMultipartUpload and s3:ListBucket.",
    Cause.ELSEWHERE: "The bucket {bucket} is in another region ({said}). Set AWS_DEFAULT_REGION to it.",
    Cause.NO_KEYS: "There are no keys for the bucket {bucket}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    Cause.AWAY: "The bucket {bucket} cannot be reached ({said}). Try again, and see AWS_ENDPOINT_URL.",
    Cause.BUSY: "The bucket {bucket} does not keep up ({said}). Try again later.",
    Cause.OTHER: "The bucket {bucket} did not do it ({said}).",
}


class BucketTarget:
    """One prefix of one bucket, which must be there.

    Args:
        bucket: its name.
        prefix: of every key, "" or with a slash at its end.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._client: Any = None
        self._making = Lock()

    @property
    def place(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def put(self, key: str, file: Path, *, count: Callable[[int], None]) -> None:
        """As the contract says; the bucket checks a SHA-256 of each part, and we the size of the whole."""
        size = file.stat().st_size

        def upload(client: Any) -> None:
            where = self._at(key)
            client.upload_file(str(file), *where.values(), ExtraArgs=dict(_CHECKED), Config=_TRANSFER, Callback=count)
            if (stored := client.head_object(**where)["ContentLength"]) != size:
                raise TargetError(f"The bucket {self._bucket} has {stored} bytes of {key}, {size} were sent.")

        self._do(upload, key)

    def write(self, key: str, data: bytes) -> None:
        """As the contract says."""
        self._do(lambda client: client.put_object(**self._at(key), Body=data, **_CHECKED), key)

    def get(self, key: str, file: Path, *, count: Callable[[int], None]) -> None:
        """As the contract says."""
        self._do(
            lambda client: client.download_file(*self._at(key).values(), str(file), Config=_TRANSFER, Callback=count),
            key,
        )

    def read(self, key: str) -> bytes:
        """As the contract says."""

        def get(client: Any) -> bytes:
            with client.get_object(**self._at(key))["Body"] as body:
                return body.read()

        return self._do(get, key)

    def list(self, prefix: str) -> Sequence[Lying]:
        """As the contract says."""

        def pages(client: Any) -> list[Lying]:
            found = client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}"
            )
            return [
                Lying(key=str(item["Key"]).removeprefix(self._prefix), bytes=int(item["Size"]))
                for page in found
                for item in page.get("Contents", ())
            ]

        return self._do(pages, prefix)

    def remove(self, key: str) -> None:
        """As the contract says."""
        self._do(lambda client: client.delete_object(**self._at(key)), key)

    def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            self._client.close()

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}

    def _do(self, work: Callable[[Any], T], key: str) -> T:
        with self._making:
            if self._client is None:
                self._client = s3_client()
        try:
            return work(self._client)
        except (BotoCoreError, ClientError) as error:
            raise self._failed(error, key) from error
        except S3UploadFailedError as error:
            cause = error.__context__
            if isinstance(cause, BotoCoreError | ClientError):
                raise self._failed(cause, key) from error
            raise TargetError(f"The bucket {self._bucket} did not take {key}: {error}.") from error
        except OSError as error:
            raise TargetError(f"The spooled backup cannot be used: {error.strerror or error}.") from error

    def _failed(self, error: ClientError | BotoCoreError, key: str) -> TargetError:
        if isinstance(error, ClientError) and (is_missing_key(error) or _code_of(error) == "404"):
            return TargetError(f"There is no {key} in {self.place}.", code="backup_missing")
        said = _code_of(error) if isinstance(error, ClientError) else type(error).__name__
        return TargetError(_DOES[cause_of(error)].format(bucket=self._bucket, said=said))


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
