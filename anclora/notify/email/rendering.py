"""A notice as a mail. Pure: the same notice is the same bytes at every try, so that readers see one message."""

from email.message import EmailMessage
from email.policy import SMTP

from anclora.notify.contract import Outgoing, Severity


def rendered(outgoing: Outgoing, sender: str) -> bytes:
    """The message, ready for DATA."""
    notice = outgoing.notice
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = outgoing.target
    message["Subject"] = notice.title
    message["Date"] = outgoing.at
    message["Message-ID"] = f"<{outgoing.id}@{domain_of(sender)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers this
    if notice.severity is Severity.CRITICAL:
        message["Importance"] = "high"
    links = "".join(f"\n{link.title}: {link.url}" for link in notice.links)
    message.set_content(notice.text + (f"\n{links}" if links else "") + "\n", cte="quoted-printable")
    for file in notice.attachments:
        main, _, sub = file.mimetype.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    if message.is_multipart():
        message.set_boundary(f"anclora-{outgoing.id.hex}")
    return message.as_bytes()


def domain_of(address: str) -> str:
    """What stands behind the @ of `Name <user@domain>`."""
    return address.rpartition("@")[2].rstrip("> ") or "localhost"


def bare(address: str) -> str:
    """The address alone, for MAIL and RCPT."""
    return address.rpartition("<")[2].rstrip("> ") if "<" in address else address
