"""POST /webhooks/twilio/digit/{notice_id}: whoever was called pressed a digit. It is committed before the answer.

The form is proven by an HMAC with the account's token over our own address and the form. The proof has no time in it,
so somebody may play it back: to acknowledge twice does no harm. Whoever is on the line always hears a sentence.
"""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from anclora.api.bodies import read_body
from anclora.api.counted import counted
from anclora.api.deps import Deps, deps_of
from anclora.api.openapi import refused
from anclora.api.presses import act
from anclora.api.slack import answers_with, form_of, header_of
from anclora.kit.errors import InvalidError, NotFoundError, UnauthorizedError
from anclora.notify import Press, offered
from anclora.notify.twilio import DIGIT_PATH, HEADER, action_of, said_back, signed

router = APIRouter(tags=["webhooks"])
_BODY_BYTES = 100_000
_FIELDS = 100
_KIND = "text/xml"
EXAMPLE = urlencode({"CallSid": "CA01", "To": "+34600111222", "From": "+34911222333", "Digits": "1"})
_OLD = {"es": "Ese aviso ya no está. Gracias.", "en": "That notice is gone. Thank you."}
_OTHER = {"es": "Esa tecla no hace nada.", "en": "That digit does nothing."}


@router.post(
    DIGIT_PATH + "/{notice_id}",
    summary="A digit was pressed on a call",
    response_class=Response,
    responses=answers_with(_KIND, said_back("Hecho.", "es")) | {422: refused(422)},
    openapi_extra={
        **form_of(EXAMPLE),
        "parameters": [
            header_of(HEADER, "The HMAC-SHA1 of the address and the sorted form with the account's token, in base64.")
        ],
    },
)
async def post_digit(
    request: Request,
    notice_id: Annotated[
        str, Path(description="what the call was about", examples=["019aac5e-7a00-7000-8000-000000000007"])
    ],
) -> Response:
    """Called by Twilio, which says the answer to whoever is on the line."""
    deps = deps_of(request)
    with counted():
        form = _form(await read_body(request, _BODY_BYTES))
        _prove(deps, request, form)
        notice = _id(notice_id)
    text = await _answered(deps, notice, dict(form))
    return Response(said_back(text, deps.settings.report_language), media_type=_KIND)


async def _answered(deps: Deps, notice: UUID, form: dict[str, str]) -> str:
    """What whoever is on the line hears."""
    lang = deps.settings.report_language
    actions = await offered(deps.db, notice)
    if actions is None:
        return _OLD[lang]
    action = action_of(actions, form.get("Digits", ""))
    if action is None:
        return _OTHER[lang]
    press = Press(
        action=action.id, value=action.value, via="voice", by=form.get("To", ""), name="", at=deps.clock.now()
    )
    return (await act(deps, press)).text


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise InvalidError("This is no form as Twilio posts it.") from error


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidError("The path ends with no id of a notice.") from error


def _prove(deps: Deps, request: Request, form: list[tuple[str, str]]) -> None:
    token, public_url = deps.settings.twilio_auth_token, deps.settings.public_url
    if token is None or public_url is None:
        raise NotFoundError(
            "Calls are not configured here. Set ANCLORA_TWILIO_AUTH_TOKEN and ANCLORA_PUBLIC_URL.", code="no_twilio"
        )
    query = f"?{request.url.query}" if request.url.query else ""
    # Twilio signs the address it was given, whatever a proxy in front of us makes of it.
    url = f"{public_url.rstrip('/')}{request.url.path}{query}"
    if not signed(url, form, request.headers.get(HEADER), token):
        raise UnauthorizedError(f"The header {HEADER} is missing or wrong.", code="wrong_signature")
