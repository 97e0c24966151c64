"""Asking Cost Explorer, page after page. Blocks; each page costs 0.01 USD."""

from collections.abc import Mapping
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from anclora.kit.errors import UnavailableError
from anclora.media.bucket_errors import Cause, cause_of

_MOST_PAGES = 20
_REGION = "us-east-1"  # Cost Explorer lives there, whatever the region of the rest
# Short: a transaction waits for the answer, and the ledger ends one that says nothing for 30 s.
_CONFIG = Config(connect_timeout=3.0, read_timeout=8.0, retries={"mode": "standard", "total_max_attempts": 2})
_DENIED = frozenset({"AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"})
_SENTENCES: Mapping[Cause, str] = {
    Cause.DENIED: "Cost Explorer refuses us ({said}). Our keys need ce:GetCostAndUsage, and it must be switched on "
    "once in the console.",
    Cause.NO_KEYS: "There are no keys for Cost Explorer. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    Cause.AWAY: "Cost Explorer cannot be reached ({said}).",
}


def ask(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every `ResultsByTime` of an answer.

    Raises:
        UnavailableError: `costs_denied`, `costs_no_keys`, `costs_away` or `costs_other`; nothing is stored.
    """
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    try:
        client = Session().client("ce", region_name=_REGION, config=_CONFIG)
        try:
            for _ in range(_MOST_PAGES):
                answer = client.get_cost_and_usage(**question, **token)
                found += answer["ResultsByTime"]
                if not answer.get("NextPageToken"):
                    return found
                token = {"NextPageToken": answer["NextPageToken"]}
        finally:
            client.close()
    except (BotoCoreError, ClientError) as error:
        said = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else type(error).__name__
        cause = Cause.DENIED if said in _DENIED else cause_of(error)
        sentence = _SENTENCES.get(cause, "Cost Explorer did not do it ({said}).")
        raise UnavailableError(sentence.format(said=said), code=f"costs_{cause.value}") from error
    raise UnavailableError(f"Cost Explorer's answer has more than {_MOST_PAGES} pages.", code="costs_other")
