"""What Slack's answers mean: which error is for ever, and what a person does about it. Pure."""

from collections.abc import Mapping

from anclora.kit.retry_after import retry_after_seconds
from anclora.kit.wire import Answer, MaybeSent, NotSent
from anclora.notify.contract import Refused, Unknown

_LONGEST_WAIT_SECONDS = 3_600.0
_TEXT_CHARS = 200

# Errors that stay until a person mends something. Source: the error tables of docs.slack.dev, methods and webhooks.
_PERMANENT: Mapping[str, str] = {
    "invalid_auth": "Slack does not know the token; set SLACK_BOT_TOKEN to the Bot User OAuth Token of the app.",
    "not_authed": "No token reached Slack; set SLACK_BOT_TOKEN.",
    "token_revoked": "The token was revoked; install the app again and set SLACK_BOT_TOKEN.",
    "token_expired": "The token ran out; install the app again and set SLACK_BOT_TOKEN.",
    "account_inactive": "The token belongs to a user or workspace that is gone; make a new one.",
    "missing_scope": "The app lacks a scope; add chat:write (and files:write for reports) and install it again.",
    "channel_not_found": "Slack knows no such channel, or the app cannot see it; check its name and invite the app.",
    "not_in_channel": "The app is not in the channel; write /invite @app there.",
    "is_archived": "The channel is archived; choose another.",
    "channel_is_archived": "The channel is archived; choose another.",
    "restricted_action": "The workspace forbids the app to write there; ask an administrator.",
    "action_prohibited": "The workspace forbids the app to write there; ask an administrator.",
    "no_text": "Slack got no text.",
    "msg_too_long": "The text is longer than Slack takes.",
    "invalid_blocks": "Slack could not draw the blocks; that is a defect of ours.",
    "message_not_found": "The message is not there any more.",
    "cant_update_message": "The app may not change that message.",
    "edit_window_closed": "The workspace allows no change of a message that old.",
    "thread_not_found": "The thread is not there any more.",
    "invalid_payload": "Slack could not read the request.",
    "invalid_arguments": "Slack could not read the request.",
    "invalid_token": "Slack does not know the webhook; set SLACK_WEBHOOK_URL anew.",
    "no_service": "The webhook was removed or switched off; set SLACK_WEBHOOK_URL anew.",
    "no_active_hooks": "The webhook is switched off; set SLACK_WEBHOOK_URL anew.",
    "no_team": "The webhook's workspace is gone; set SLACK_WEBHOOK_URL anew.",
    "team_disabled": "The webhook's workspace is switched off.",
    "user_not_found": "The webhook's user is gone; set SLACK_WEBHOOK_URL anew.",
}


def refusal(code: str) -> Refused:
    """What an error word means; an unknown one is tried again."""
    word = code[:60] or "no_reason"
    text = _PERMANENT.get(word)
    return Refused(code=word, text=text or f"Slack answered {word}; it is tried again.", permanent=text is not None)


def unusual(answer: Answer) -> Refused | Unknown:
    """A status that is no ordinary answer of the Web API."""
    if answer.status == 429:
        wish = retry_after_seconds(answer.headers, None)
        wait = min(wish or 1.0, _LONGEST_WAIT_SECONDS)
        return Refused(code="ratelimited", text=f"Slack asks to wait {wait:.0f} s.", retry_after_seconds=wait)
    if answer.status >= 500:
        return Unknown(code="server_error", text=f"Slack answered {answer.status}.")
    words = answer.body[:_TEXT_CHARS].decode("utf-8", "replace").strip()
    return Refused(code=f"http_{answer.status}", text=f"Slack answered {answer.status}: {words}", permanent=True)


def unanswered(result: NotSent | MaybeSent) -> Refused | Unknown:
    """No answer: refused for now when nothing left, in doubt when something did."""
    if isinstance(result, NotSent):
        return Refused(code=result.code, text=f"{result.reason}; it is tried again.")
    return Unknown(code=result.code, text=result.reason)
