"""What becomes of a webhook at its door, as one word to count, and in the callers' words."""

import contextlib
from collections.abc import Generator

from anclora.api.metrics import WEBHOOKS
from anclora.kit.errors import InvalidError, NotFoundError, UnauthorizedError, UnavailableError

_NAMED = ("too_large", "body_too_slow")


@contextlib.contextmanager
def counted() -> Generator[None, None, None]:
    """Count how the block ends.

    Raises:
        InvalidError: of a body nobody can read, always with the code `malformed_webhook`.
        AncloraError: any other, as it is.
    """
    result = "error"
    try:
        yield
        result = "ok"
    except UnauthorizedError:
        result = "bad_signature"
        raise
    except NotFoundError:
        result = "unknown_instance"
        raise
    except InvalidError as error:
        if error.code in _NAMED:
            result = error.code
            raise
        result = "malformed"
        raise InvalidError(error.detail, code="malformed_webhook") from error
    except RecursionError as error:
        result = "malformed"
        raise InvalidError("The JSON is nested too deep.", code="malformed_webhook") from error
    except UnavailableError:
        result = "unavailable"
        raise
    finally:
        WEBHOOKS.labels(result).inc()
