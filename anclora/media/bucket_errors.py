"""What a bucket's refusals mean: one table from AWS's codes to our errors. Pure.

Each is `UnavailableError`: no file is lost by it, and the same call works once the cause is gone. Only a missing key is
final, and `read` tells that one apart. Codes: S3 API reference, "List of error codes".
"""

from collections.abc import Mapping
from enum import StrEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from anclora.kit.errors import UnavailableError


class Cause(StrEnum):
    """Why a bucket did not do it."""

    MISSING = "missing"
    DENIED = "denied"
    ELSEWHERE = "elsewhere"
    NO_KEYS = "no_keys"
    AWAY = "away"
    BUSY = "busy"
    OTHER = "other"


_BY_CODE: Mapping[str, Cause] = {
    "NoSuchBucket": Cause.MISSING,
    "AccessDenied": Cause.DENIED,
    "AllAccessDisabled": Cause.DENIED,
    "AccountProblem": Cause.DENIED,
    "ExpiredToken": Cause.DENIED,
    "InvalidAccessKeyId": Cause.DENIED,
    "InvalidToken": Cause.DENIED,
    "RequestTimeTooSkewed": Cause.DENIED,
    "SignatureDoesNotMatch": Cause.DENIED,
    "AuthorizationHeaderMalformed": Cause.ELSEWHERE,
    "IllegalLocationConstraintException": Cause.ELSEWHERE,
    "PermanentRedirect": Cause.ELSEWHERE,
    "RequestTimeout": Cause.AWAY,
    "ServiceUnavailable": Cause.BUSY,
    "SlowDown": Cause.BUSY,
}
_BY_STATUS: Mapping[int, Cause] = {
    301: Cause.ELSEWHERE, 401: Cause.DENIED, 403: Cause.DENIED, 429: Cause.BUSY, 503: Cause.BUSY,
}  # fmt: skip


def is_missing_key(error: ClientError) -> bool:
    """Whether there is no object of this key, while its bucket is there."""
    return _code_of(error) == "NoSuchKey"


def cause_of(error: ClientError | BotoCoreError) -> Cause:
    """Why, by the code of the answer or the kind of the failure."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return _BY_CODE.get(_code_of(error)) or _BY_STATUS.get(status, Cause.OTHER)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Cause.NO_KEYS
    return Cause.AWAY if isinstance(error, BotoConnectionError | HTTPClientError) else Cause.OTHER


def bucket_error(  # noqa: PLR0911 - a table with a sentence a row
    error: ClientError | BotoCoreError, bucket: str
) -> UnavailableError:
    """Our error for one of the AWS client's, after its own tries."""
    said = _code_of(error) if isinstance(error, ClientError) else type(error).__name__
    match cause_of(error):
        case Cause.MISSING:
            return UnavailableError(
                f"There is no bucket {bucket}. Make it, or mend ANCLORA_MEDIA_BUCKET.",
                code="media_bucket_missing",
                retry_after_seconds=60,
            )
        case Cause.DENIED:
            return UnavailableError(
                f"The bucket {bucket} refuses us ({said}). Our keys need s3:GetObject, s3:PutObject, s3:DeleteObject "
                "and s3:ListBucket.",
                code="media_bucket_denied",
                retry_after_seconds=60,
            )
        case Cause.ELSEWHERE:
            return UnavailableError(
                f"The bucket {bucket} is in another region ({said}). Set AWS_DEFAULT_REGION to it.",
                code="media_bucket_elsewhere",
                retry_after_seconds=60,
            )
        case Cause.NO_KEYS:
            return UnavailableError(
                f"There are no keys for the bucket {bucket}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                code="media_bucket_keys",
                retry_after_seconds=60,
            )
        case Cause.AWAY:
            return UnavailableError(f"The bucket {bucket} cannot be reached ({said}).", code="media_bucket_away")
        case Cause.BUSY:
            return UnavailableError(f"The bucket {bucket} does not keep up ({said}).", code="media_bucket_busy")
        case Cause.OTHER:
            pass
    return UnavailableError(f"The bucket {bucket} did not do it ({said}).", code="media_bucket_failed")


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
