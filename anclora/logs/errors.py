"""What the bucket's refusals mean to whoever keeps logs there. Pure."""

from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from anclora.kit.errors import UnavailableError
from anclora.media.bucket_errors import Cause, cause_of

_NEEDED = (
    "s3:PutObject, s3:GetObject, s3:DeleteObject, s3:ListBucket, s3:GetLifecycleConfiguration and "
    "s3:PutLifecycleConfiguration"
)
_SENTENCES: Mapping[Cause, str] = {
    Cause.MISSING: "There is no bucket {bucket}. Make it, or mend ANCLORA_LOGS_BUCKET.",
    Cause.DENIED: f"The bucket {{bucket}} refuses us ({{said}}). Our keys need {_NEEDED}.",
    Cause.ELSEWHERE: "The bucket {bucket} is in another region ({said}). Set AWS_DEFAULT_REGION to it.",
    Cause.NO_KEYS: "There are no keys for the bucket {bucket}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    Cause.AWAY: "The bucket {bucket} cannot be reached ({said}).",
    Cause.BUSY: "The bucket {bucket} does not keep up ({said}).",
    Cause.OTHER: "The bucket {bucket} did not do it ({said}).",
}


def logs_error(error: ClientError | BotoCoreError, bucket: str) -> UnavailableError:
    """Our error for one of the AWS client's, after its own tries: `logs_bucket_missing`, `…_denied` and so on."""
    cause = cause_of(error)
    said = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else type(error).__name__
    return UnavailableError(_SENTENCES[cause].format(bucket=bucket, said=said), code=f"logs_bucket_{cause.value}")
