"""How a letter to somebody with an account is addressed: in their language, and naming them by the username alone."""

from __future__ import annotations

from blogapi.mail.model import Letter, Mail, language_of
from blogapi.users.model import User


def letter_to(user: User, mail: Mail, template: str, *, to: str | None = None, **facts: object) -> Letter:
    """The letter of a mail, to the address of its user unless it goes to another one of theirs.

    Never to an address as somebody else has spelt it: those that count as the same may be two mailboxes.
    """
    return Letter(
        to=to or user.email or "",
        language=language_of(user.locale, mail.language),
        template=template,
        facts={"username": user.username, **facts},
    )
