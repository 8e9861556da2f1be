"""What people sign in with: which usernames and e-mail addresses there can be, and what makes two of them the same."""

from __future__ import annotations

import re
import unicodedata

import idna

from blogapi.errors import FieldError
from blogapi.ids import is_id
from blogapi.translation.bounds import at_least_characters, at_most_characters
from blogapi.translation.sentence import Sentence, say

MAX_USERNAME = 32
USERNAME_PATTERN = rf"[A-Za-z0-9][A-Za-z0-9_-]{{2,{MAX_USERNAME - 1}}}"
MAX_EMAIL = 254
_MAX_DOMAIN = 253

# Names that pose as the blog itself, or that a front end wants for pages of its own.
_RESERVED = """
about account admin administrator anonymous api assets auth blog blogapi by-username config conduit contact dashboard
docs editor favicon feed feeds graphql guest healthz help hostmaster info login logout mail me media metrics moderator
new null official openapi owner postmaster posts preview readyz register robots root search security self settings
setup signin signout signup sitemap staff static status support sysadmin system tag tags team undefined user username
users v1 webmaster well-known www
"""
RESERVED_USERNAMES = frozenset(_RESERVED.split())
_ERASED = "erased-"
_ERASED_NAME = re.compile(rf"{_ERASED}[0-9a-f]{{24}}")
_USERNAME = re.compile(USERNAME_PATTERN)
_LOCAL_PART = re.compile(r"[^\s.@\"(),:;<>\[\]\\\x00-\x20\x7f]+(?:\.[^\s.@\"(),:;<>\[\]\\\x00-\x20\x7f]+)*")
_DOMAIN = re.compile(r"localhost|(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?")


def username_key(username: str) -> str:
    """What makes two usernames the same."""
    return unicodedata.normalize("NFKC", username).lower()


def email_key(email: str) -> str:
    """What makes two addresses the same. Lower-cases the local part too: nobody gives two people `Ann@` and `ann@`.

    A domain is what name servers know it by: `ann@bücher.example` is `ann@xn--bcher-kva.example` (RFC 5891).
    """
    key = unicodedata.normalize("NFKC", email).strip().lower()
    local, at, domain = key.rpartition("@")
    return f"{local}{at}{_registered(domain) or domain}"


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses are surely one mailbox: but for capitals of ASCII and the spelling of the domain, the same.

    `email_key` takes more for the same, so that nobody registers with a look-alike. It is too much to let somebody into
    an account.
    """
    local, other_local = one.strip().rpartition("@")[0], other.strip().rpartition("@")[0]
    if local.isascii() and other_local.isascii():
        local, other_local = local.lower(), other_local.lower()
    return local == other_local and email_key(one) == email_key(other)


def _registered(domain: str) -> str | None:
    """The domain in ASCII; None for what cannot be registered."""
    if domain.isascii() and "xn--" not in domain:
        return domain
    if len(domain) > _MAX_DOMAIN:
        return None
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None


def login_key(login: str) -> str:
    """A username or an e-mail address as it is looked up; only an address has an @."""
    return email_key(login)


def erased_username(user_id: str) -> str:
    """What a person is called after their erasure."""
    return f"{_ERASED}{user_id}"


def username_fault(username: str, *, allow_reserved: bool = False) -> FieldError | None:
    """Why nobody can have this username, if so."""
    if len(username) < 3:
        return _fault("/username", "too_short", at_least_characters(3), min=3)
    if len(username) > 32:
        return _fault("/username", "too_long", at_most_characters(32), max=32)
    if _USERNAME.fullmatch(username) is None:
        detail = say("Letters, digits, _ and - of ASCII; the first is a letter or a digit.")
        return _fault("/username", "invalid_format", detail)
    key = username_key(username)
    # A name that looks like an id could be taken for somebody else's id.
    if (key in RESERVED_USERNAMES and not allow_reserved) or is_id(key) or _ERASED_NAME.fullmatch(key):
        return _fault("/username", "reserved", say("This username is reserved."))
    return None


def email_fault(email: str) -> FieldError | None:
    """Why this is no e-mail address that we can use, if so. RFC 5321 section 4.5.3.1 has the lengths."""
    key = email_key(email)
    if len(key) > MAX_EMAIL:
        return _fault("/email", "too_long", at_most_characters(MAX_EMAIL), max=MAX_EMAIL)
    local, _, domain = key.rpartition("@")
    is_domain = _registered(domain) is not None and _DOMAIN.fullmatch(domain) is not None
    # What looks like an encoded word would become something else in a header. RFC 2047 section 5 forbids it there.
    is_local = len(local) <= 64 and _LOCAL_PART.fullmatch(local) is not None and "=?" not in local
    # One spelling for each mailbox: who has shown one to be theirs could go on as the owner of another one.
    is_plain = is_same_mailbox(unicodedata.normalize("NFC", email), key)
    if not (is_local and is_domain and is_plain):
        return _fault("/email", "invalid_format", say("Not an e-mail address."))
    return None


def _fault(pointer: str, code: str, detail: Sentence, **params: int) -> FieldError:
    return FieldError(pointer=pointer, code=code, detail=detail, params=params)
