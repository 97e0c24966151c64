"""A stand-in for a mail server on a real socket (RFC 5321, RFC 3207): it keeps what it took, and refuses."""

import asyncio
import base64
import contextlib
import ssl
import subprocess
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

USER, PASSWORD = "reports", "right"
NOBODY, GREYLISTED, FULL = "nobody@example.com", "grey@example.com", "full@example.com"
MOST_BYTES = 10_000_000


@dataclass
class Mailed:
    """One mail that was taken."""

    sender: str
    recipient: str
    encrypted: bool
    data: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.data, policy=default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class MailServer:
    """What was taken. `tls` = it offers STARTTLS, and login only after it; `lose` = so many get no answer.

    `busy` = so many connections are sent away, as a server does to whoever comes too often.
    """

    tls: ssl.SSLContext | None = None
    port: int = 0
    lose: int = 0
    busy: int = 0
    taken: list[Mailed] = field(default_factory=list)
    conversations: set["asyncio.Task[None]"] = field(default_factory=set)

    def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._talk(reader, writer))
        self.conversations.add(task)
        task.add_done_callback(self.conversations.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.transport  # below TLS, once there is some
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                conversation = Conversation(self, reader, writer)
                if await conversation.greet():
                    await conversation.run()
        finally:
            writer.close()
            raw.abort()


class Conversation:
    """One client."""

    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._encrypted = self._known = False
        self._sender = self._recipient = ""

    async def run(self) -> None:
        while line := (await self._reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    await self._hello()
                case "STARTTLS" if self._server.tls and not self._encrypted:
                    await self._say("220 go ahead")
                    await self._writer.start_tls(self._server.tls)
                    self._encrypted = True
                case "AUTH":
                    await self._login(rest)
                case "MAIL":
                    await self._from(rest)
                case "RCPT":
                    await self._to(rest)
                case "DATA" if self._recipient:
                    if not await self._take():
                        return
                case "QUIT":
                    await self._say("221 bye")
                    return
                case _:
                    await self._say("503 5.5.1 not now")

    async def greet(self) -> bool:
        """False = whoever comes is sent away."""
        if self._server.busy:
            self._server.busy -= 1
            await self._say("421 4.7.0 too many connections, try again later")
            return False
        await self._say("220 mail.example.com ESMTP")
        return True

    async def _hello(self) -> None:
        words = ["mail.example.com", f"SIZE {MOST_BYTES}"]
        if self._server.tls and not self._encrypted:
            words.append("STARTTLS")
        else:
            words.append("AUTH PLAIN")
        await self._say(*[f"250{'-' if word != words[-1] else ' '}{word}" for word in words])

    async def _login(self, rest: str) -> None:
        if self._server.tls and not self._encrypted:
            return await self._say("538 5.7.11 encryption required")
        given = base64.b64decode(rest.partition(" ")[2]).split(b"\0")
        self._known = given[1:] == [USER.encode(), PASSWORD.encode()]
        return await self._say("235 2.7.0 welcome" if self._known else "535 5.7.8 credentials invalid")

    async def _from(self, rest: str) -> None:
        if not self._known:
            return await self._say("530 5.7.0 authentication required")
        self._sender = rest.partition("<")[2].partition(">")[0]
        return await self._say("250 2.1.0 ok")

    async def _to(self, rest: str) -> None:
        recipient = rest.partition("<")[2].partition(">")[0]
        refusals = {
            NOBODY: "550 5.1.1 no such user here",
            GREYLISTED: "450 4.2.0 greylisted, try again later",
            FULL: "452 4.2.2 mailbox full",
        }
        if recipient in refusals:
            return await self._say(refusals[recipient])
        self._recipient = recipient
        return await self._say("250 2.1.5 ok")

    async def _take(self) -> bool:
        await self._say("354 end with a dot")
        data = await self._reader.readuntil(b"\r\n.\r\n")
        if len(data) > MOST_BYTES:
            await self._say("552 5.3.4 message too big")
            return True
        plain = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in data[:-5].split(b"\r\n"))
        head = message_from_bytes(plain, policy=default)
        if not head["From"] or not head["Date"] or not head["Message-ID"]:  # RFC 5322, 3.6; the id by common policy
            await self._say("550 5.6.0 From, Date or Message-ID is missing")
            return True
        self._server.taken.append(Mailed(self._sender, self._recipient, self._encrypted, plain))
        if self._server.lose:
            self._server.lose -= 1
            self._writer.transport.abort()
            return False
        await self._say(f"250 2.0.0 queued as {len(self._server.taken)}")
        return True

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


@contextlib.asynccontextmanager
async def smtp_server(tls: ssl.SSLContext | None = None) -> AsyncGenerator[MailServer, None]:
    """Serve on a free loopback port."""
    mail = MailServer(tls)
    listening = await asyncio.start_server(mail.talk, "127.0.0.1", 0, limit=2 * MOST_BYTES)
    mail.port = int(listening.sockets[0].getsockname()[1])
    try:
        yield mail
    finally:
        listening.close()
        for task in list(mail.conversations):
            task.cancel()
        await asyncio.gather(*mail.conversations, return_exceptions=True)
        await asyncio.sleep(0)  # the transports tell their end in the next round of the loop


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate for 127.0.0.1, and a client's side that trusts it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert)),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(cert, key)
    return ours, ssl.create_default_context(cafile=cert)
