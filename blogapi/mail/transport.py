"""How mails leave: to a mail server, or into a folder."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import errors

from blogapi.config import Config
from blogapi.config.kinds import is_loopback

# Letters beyond ASCII are encoded: a server that takes them as they are does not always hand them to one that does.
_ENCODED = SMTP.clone(cte_type="7bit")
_ENCODED_UTF8 = SMTP.clone(cte_type="7bit", utf8=True)
_AS_A_FILE = SMTP.clone(utf8=True, linesep="\n", max_line_length=990)
log = logging.getLogger("blogapi.mail")


class NotTaken(Exception):
    """A mail was not taken. It may be at another time, unless it is `for_good`. `is_down`: nor will others be now.

    The message is a code, or what kind of error it was: what a server says may name somebody.
    """

    def __init__(self, why: str, *, for_good: bool = False, is_down: bool = False) -> None:
        super().__init__(why)
        self.for_good, self.is_down = for_good, is_down


class Carrier(Protocol):
    """Takes mails, one after the other."""

    async def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Returns when the mail is in other hands. Raises NotTaken."""


class Transport(Protocol):
    """Where carriers come from."""

    @property
    def seconds(self) -> float:
        """How long a mail may take at most."""

    def open(self) -> AbstractAsyncContextManager[Carrier]:
        """A carrier for a few mails."""


def transport_of(config: Config) -> Transport | None:
    """As the configuration says; None when there is no mail."""
    if config.mail.url:
        return SmtpTransport.at(config.mail.url, config.mail.timeout_seconds)
    return None if config.is_production else Folder(config.mail_folder)


@dataclass(frozen=True, slots=True)
class Folder:
    """Mails as files, for development."""

    path: Path
    seconds: float = 10

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Carrier]:
        """The folder itself, which is made with the first mail."""
        yield self

    async def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Write `<id>.eml`, whole or not at all, and say where."""
        file = self.path / f"{mail_id}.eml"
        try:
            await asyncio.to_thread(self._write, file, message.as_bytes(policy=_AS_A_FILE))
        except OSError as error:
            raise NotTaken(f"{self.path}: {error.strerror}", is_down=True) from None
        log.info("a mail lies in %s (there is no mail.url)", file)

    def _write(self, file: Path, data: bytes) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=self.path)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(data)
            os.replace(draft, file)
        except OSError:
            os.unlink(draft)
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTransport:
    """A mail server (RFC 5321), with TLS at once, or by STARTTLS: `required`, `offered` (where it is) or `never`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    starttls: str = "required"
    seconds: float = 10

    @classmethod
    def at(cls, url: str, timeout_seconds: float) -> SmtpTransport:
        """What `mail.url` says. On this machine TLS protects nothing, and is not asked for."""
        parts = urlsplit(url)
        host, use_tls = parts.hostname or "", parts.scheme == "smtps"
        chosen = parts.query.removeprefix("starttls=")
        return cls(
            host=host,
            port=parts.port or (465 if use_tls else 587 if parts.username else 25),
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            use_tls=use_tls,
            starttls=chosen or ("offered" if is_loopback(host) else "required"),
            seconds=timeout_seconds,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Carrier]:
        """One connection, made with the first mail and again after trouble."""
        carrier = _SmtpCarrier(self)
        try:
            yield carrier
        finally:
            await carrier.close()

    def client(self) -> aiosmtplib.SMTP:
        """Not connected yet. Where TLS is only taken if offered, a certificate would prove nothing."""
        start = {"required": True, "offered": None, "never": False}[self.starttls]
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            use_tls=self.use_tls,
            start_tls=False if self.use_tls else start,
            validate_certs=self.use_tls or self.starttls == "required",
            timeout=self.seconds,
        )


class _SmtpCarrier:
    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: aiosmtplib.SMTP | None = None

    async def carry(self, message: EmailMessage, mail_id: str) -> None:
        """Raises NotTaken."""
        try:
            async with asyncio.timeout(self._transport.seconds):
                await self._send(message)
        except BaseException as error:
            # In which state the connection is now, nobody has to think about.
            client, self._client = self._client, None
            if client is not None:
                client.close()
            if (why := _meaning(error)) is None:
                raise
            raise why from None

    async def _send(self, message: EmailMessage) -> None:
        if self._client is None:
            self._client = self._transport.client()
            await self._client.connect()
        sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        is_ascii = recipient.isascii()
        await self._client.sendmail(
            sender,
            recipient,
            message.as_bytes(policy=_ENCODED if is_ascii else _ENCODED_UTF8),
            mail_options=[] if is_ascii else ["SMTPUTF8"],
        )

    async def close(self) -> None:
        """Say goodbye, to who still listens."""
        if self._client is not None:
            with suppress(errors.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._client.quit()
            self._client.close()


def _meaning(error: BaseException) -> NotTaken | None:
    """What an error says of the mail; None for what says nothing of it."""
    if isinstance(error, errors.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, errors.SMTPRecipientRefused | errors.SMTPDataError):
        return NotTaken(f"{error.code}", for_good=error.code >= 500)
    if isinstance(error, errors.SMTPNotSupported):
        return NotTaken("the server does not know such addresses", for_good=True)
    # A refused sender or password is not the mail's fault: somebody has to see to it, and then the mail goes.
    if isinstance(error, errors.SMTPResponseException):
        return NotTaken(f"{type(error).__name__} {error.code}", is_down=True)
    if isinstance(error, errors.SMTPException | OSError | TimeoutError):
        return NotTaken(type(error).__name__, is_down=True)
    return None
