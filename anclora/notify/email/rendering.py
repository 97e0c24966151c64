"""A notice as a mail. Pure: the same notice is the same bytes at every try, so that readers see one message."""

from email.message import EmailMessage
from email.policy import SMTP

from anclora.kit.severity import Severity
from anclora.notify.contract import Notice, Outgoing
from anclora.notify.email.page import page_of


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
    if outgoing.parent is not None:  # mail programs show an incident as one conversation
        first = f"<{outgoing.parent.id}@{domain_of(sender)}>"
        message["In-Reply-To"] = first
        message["References"] = first
    if notice.severity is Severity.CRITICAL:
        message["Importance"] = "high"
    message.set_content(_plain(notice), cte="quoted-printable")
    if notice.is_alarm:
        message.add_alternative(page_of(notice), subtype="html", cte="quoted-printable")
    for file in notice.attachments:
        main, _, sub = file.mimetype.partition("/")
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"anclora-{place}-{outgoing.id.hex}")
    return message.as_bytes()


def _plain(notice: Notice) -> str:
    facts = "".join(f"\n{fact.name}: {fact.value}" for fact in notice.facts)
    links = "".join(f"\n{link.title}: {link.url}" for link in notice.links)
    return notice.text + (f"\n{facts}" if facts else "") + (f"\n{links}" if links else "") + "\n"


def domain_of(address: str) -> str:
    """What stands behind the @ of `Name <user@domain>`."""
    return address.rpartition("@")[2].rstrip("> ") or "localhost"


def bare(address: str) -> str:
    """The address alone, for MAIL and RCPT."""
    return address.rpartition("<")[2].rstrip("> ") if "<" in address else address
