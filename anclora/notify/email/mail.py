"""One mail, one conversation with the server; how it ended depends on how far it came."""

import socket
import ssl
from collections.abc import Sequence
from typing import Literal

import aiosmtplib
import msgspec

from anclora.kit.severity import Severity
from anclora.notify.contract import EVERY_KIND, Delivered, Outcome, Outgoing, Refused, Unknown
from anclora.notify.email.rendering import bare, rendered

_STEP_SECONDS = 15.0
_SHOWN_CHARS = 200


class MailAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in.

    Attributes:
        tls: `starttls` (port 587), `tls` (port 465), or `none` for a server of one's own network.
        sender: `reports@example.com` or `Anclora <reports@example.com>`.
        user, password: empty = the server wants none.
    """

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    sender: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"MailAccount({self.host}:{self.port})"


class Mail:
    """A mail account that writes to people.

    Args:
        account: where mail is handed in.
        recipients: addresses that hear of everything.
        tls: whom to trust; the system's trust by default.
    """

    gap_seconds = 0.0
    kinds = EVERY_KIND

    def __init__(self, account: MailAccount, recipients: Sequence[str], *, tls: ssl.SSLContext | None = None) -> None:
        self._account = account
        self._recipients = list(recipients)
        self._tls = tls or ssl.create_default_context()

    def targets(self, severity: Severity) -> Sequence[str]:  # noqa: ARG002 - all of them hear of everything
        """Every address."""
        return self._recipients

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand in one mail for one address."""
        account, body = self._account, rendered(outgoing, self._account.sender)
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            local_hostname=socket.gethostname(),
            timeout=_STEP_SECONDS,
            use_tls=account.tls == "tls",
            start_tls=account.tls == "starttls",
            tls_context=None if account.tls == "none" else self._tls,
        )
        handing_over = False
        try:
            await client.connect()
            if account.user:
                await client.login(account.user, account.password)
            await client.mail(bare(account.sender))
            await client.rcpt(bare(outgoing.target))
            handing_over = True
            answer = await client.data(body)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return self._ended(error, handing_over=handing_over)
        finally:
            client.close()  # no QUIT: the mail is theirs already, and its answer would change nothing
        return Delivered(vendor_id=str(answer.message)[:_SHOWN_CHARS])

    async def close(self) -> None:
        """Nothing stays open."""

    def _ended(self, error: Exception, *, handing_over: bool) -> Refused | Unknown:
        where = f"{self._account.host}:{self._account.port}"
        if isinstance(error, aiosmtplib.SMTPResponseException):
            text = f"{where} answered {error.code} {' '.join(str(error.message).split())[:_SHOWN_CHARS]}"
            if isinstance(error, aiosmtplib.SMTPAuthenticationError):
                text += "; check ANCLORA_SMTP_USER and ANCLORA_SMTP_PASSWORD."
            return Refused(code=f"smtp_{error.code}", text=text, permanent=error.code >= 500)
        # The library says "not supported by server" with the bare class, and with nothing else.
        if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):
            text = f"{where} does not offer what is needed ({error}); check ANCLORA_SMTP_TLS and the port."
            return Refused(code="not_supported", text=text, permanent=True)
        if isinstance(error, ValueError) and not isinstance(error, OSError):  # ssl's errors are both
            return Refused(code="bad_address", text=f"An address cannot be written: {_words(error)}", permanent=True)
        if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return Refused(code="tls", text=f"{where} cannot be trusted: {_words(error)}", permanent=True)
        if handing_over:
            return Unknown(code="lost", text=f"{where} took the mail and did not say whether it keeps it.")
        return Refused(code="unreachable", text=f"{where} cannot be reached: {_words(error)}; it is tried again.")


def _words(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:_SHOWN_CHARS]
