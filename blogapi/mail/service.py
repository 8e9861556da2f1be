"""Queues mails and sends them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage

from blogapi.errors import Unavailable
from blogapi.mail.letters import Letters, load
from blogapi.mail.model import PATIENCE, Claimed, Letter, Mail, MailUnavailable, Write, pause_after
from blogapi.mail.store import MailStore
from blogapi.mail.transport import Carrier, NotTaken, Transport
from blogapi.measures import Measure, counter, tally
from blogapi.pauses import spread
from blogapi.personal import Person

# A run claims no more after this, so that its last mail is settled within the time that a job has.
_RUN_SECONDS = 15
_LONGEST_REST = 0.05
# Besides the time that a mail may take: for what is asked of the database before and after.
_LEASE = timedelta(seconds=30)
# A newer version beside us has queued it, and will send it.
_UNKNOWN_KIND = timedelta(minutes=1)
# So that mails that were put off together do not come back together: up to this part of the time more.
_JITTER = 0.2
log = logging.getLogger("blogapi.mail")


class MailService:
    """The queue of mails and what empties it.

    `writers` make the letters, by the kind of the mail; the features declare them. Without a transport nothing is
    queued, and what needs a mail is refused.
    """

    def __init__(
        self,
        store: MailStore,
        transport: Transport | None,
        letters: Letters,
        writers: Mapping[str, Write],
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._transport, self._letters, self._writers, self._now = store, transport, letters, writers, now
        self.waiting = asyncio.Event()
        """Set when there may be something to send at once."""

        self.outcomes = tally("sent", "put_off", "refused", "given_up", "dropped")

    @property
    def is_on(self) -> bool:
        """Whether there is any mail."""
        return self._transport is not None

    def check(self) -> None:
        """Raises MailUnavailable where there is no mail."""
        if not self.is_on:
            raise MailUnavailable

    async def queue(self, *mails: Mail) -> None:
        """Have them sent. One that is queued twice is sent once. Without mail nothing happens."""
        if self.is_on:
            await self._store.insert(mails)
            self.waiting.set()

    async def forget(self, person: Person) -> None:
        """Send nothing more to somebody."""
        await self._store.delete_all(person)

    async def deliver(self) -> int:
        """Send what is due, for a while; returns how many were sent.

        Any process may; each mail is claimed by one. A process that dies with a mail in its hands leaves it claimed for
        a moment, and then another one sends it.
        """
        if self._transport is None:
            return 0
        sent, end = 0, time.monotonic() + _RUN_SECONDS
        lease = _LEASE + timedelta(seconds=self._transport.seconds)
        async with self._transport.open() as carrier:
            while claimed := await self._store.claim(self._now(), self._now() + lease):
                began = time.monotonic()
                try:
                    sent += await self._send(claimed, carrier)
                except NotTaken:
                    break  # nobody takes mails now
                now = time.monotonic()
                # As long again as the mail took: where many wait, readers have at least half of the time.
                await asyncio.sleep(min(now - began, _LONGEST_REST))
                if now > end:
                    self.waiting.set()
                    break
        return sent

    async def _send(self, claimed: Claimed, carrier: Carrier) -> bool:
        mail = claimed.mail
        if mail.kind not in self._writers:
            await self._store.put_back(claimed, self._now() + _UNKNOWN_KIND)
            return False
        try:
            letter = await self._writers[mail.kind](mail)
            if letter is None:
                await self._settle(claimed, "dropped")
                return False
            await load()
            message = self._written(letter, mail)
            if not letter.to:
                await self._settle(claimed, "dropped")
                return False
            await carrier.carry(message, mail.id)
        except NotTaken as error:
            await self._not_taken(claimed, error)
            if error.is_down:
                raise
            return False
        except Unavailable:
            raise
        except Exception:
            log.exception("mail %s (%s) could not be written", mail.id, mail.kind)
            await self._not_taken(claimed, NotTaken("it could not be written"))
            return False
        await self._settle(claimed, "sent")
        return True

    def _written(self, letter: Letter, mail: Mail) -> EmailMessage:
        try:
            return self._letters.write(letter, mail_id=mail.id, at=self._now())
        except ValueError as error:
            raise NotTaken("no header can hold the address", for_good=True) from error

    async def _not_taken(self, claimed: Claimed, error: NotTaken) -> None:
        mail, now = claimed.mail, self._now()
        pause = pause_after(claimed.attempts) * spread(_JITTER)
        if error.for_good:
            log.error("mail %s (%s) was refused for good: %s", mail.id, mail.kind, error)
            await self._settle(claimed, "refused")
        elif now + pause - mail.created_at > PATIENCE:
            log.error("mail %s (%s) was given up after %d attempts: %s", mail.id, mail.kind, claimed.attempts, error)
            await self._settle(claimed, "given_up")
        else:
            log.warning("mail %s (%s) has to wait %d s: %s", mail.id, mail.kind, pause.total_seconds(), error)
            self.outcomes["put_off",] += 1
            await self._store.put_back(claimed, now + pause)

    async def _settle(self, claimed: Claimed, outcome: str) -> None:
        await self._store.settle(claimed, outcome, self._now())
        self.outcomes[outcome,] += 1

    def measures(self) -> list[Measure]:
        """What there is to tell."""
        says = (
            "Mails: sent, put_off to be tried again, refused by the mail server for good, given_up after a day of "
            "trying, or dropped because there was nobody to write to."
        )
        return [counter("blogapi_mails_total", says, lambda: self.outcomes, ("outcome",))]
