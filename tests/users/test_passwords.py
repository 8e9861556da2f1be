import asyncio
import os
import signal
from pathlib import Path

import pytest

from blogapi.config import AuthConfig, Config, PasswordConfig
from blogapi.errors import Overloaded
from blogapi.users import passwords as module
from blogapi.users.model import StoredPassword
from blogapi.users.passwords import HASHERS, SCHEME, Passwords


def make(*, rounds=4, pepper=b"pepper", workers=1, queue=4, **rules):
    return Passwords(pepper=pepper, rounds=rounds, rules=PasswordConfig(**rules), workers=workers, queue=queue)


@pytest.fixture
def passwords():
    return make()


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "ü" * 200, "with\ttab", "🦄" * 256, " leading and trailing "],
    ids=["plain", "over 72 bytes", "control", "astral", "spaces"],
)
async def test_password_is_known_again(passwords, password):
    assert await passwords.verify(password, await passwords.hash(password))


@pytest.mark.parametrize(
    ("password", "other"),
    [("a" * 80 + "b", "a" * 80 + "c"), ("secret\0one", "secret\0two"), ("Case matters", "case matters")],
    ids=["differs after 72 bytes", "differs after NUL", "differs in case"],
)
async def test_other_password_is_not_taken(passwords, password, other):
    assert not await passwords.verify(other, await passwords.hash(password))


async def test_password_is_the_same_however_its_letters_are_composed(passwords):
    assert await passwords.verify("Zu\u0308rich am See", await passwords.hash("Z\u00fcrich am See"))


async def test_hash_is_worth_nothing_without_the_pepper(passwords):
    stored = await passwords.hash("correct horse battery")
    other = make(pepper=b"another")
    assert not await other.verify("correct horse battery", stored)


async def test_nobody_has_no_password(passwords):
    assert not await passwords.verify("correct horse battery", None)


async def test_unknown_scheme_is_never_right(passwords):
    stored = await passwords.hash("correct horse battery")
    foreign = StoredPassword(scheme="plain", cost=4, hash=stored.hash)
    assert not await passwords.verify("correct horse battery", foreign)


def _watched(monkeypatch):
    """The salts of all hashes from now on."""
    salts, real = [], HASHERS.ask

    def ask(question, **limits):
        salts.append(question.partition(b" ")[2])
        return real(question, **limits)

    monkeypatch.setattr(HASHERS, "ask", ask)
    return salts


@pytest.mark.parametrize("stored", [None, StoredPassword(scheme="plain", cost=4, hash="x")])
async def test_a_hash_of_the_configured_cost_is_computed_for_nobody_too(monkeypatch, stored):
    hashed = _watched(monkeypatch)
    passwords = make(rounds=5)
    await passwords.verify("correct horse battery", stored)
    assert [salt[:7] for salt in hashed] == [b"$2b$05$"]


@pytest.mark.parametrize(("password", "spent"), [("wrong password", 2**7), ("correct horse battery", 2**4)])
async def test_wrong_password_costs_as_much_where_the_hash_is_cheaper(monkeypatch, passwords, password, spent):
    stored = await passwords.hash("correct horse battery")
    hashed = _watched(monkeypatch)
    stronger = make(rounds=7)
    await stronger.verify(password, stored)
    assert sum(2 ** int(salt[4:6]) for salt in hashed) == spent


async def test_cost_and_scheme_are_kept_and_lower_ones_are_outdated(passwords):
    stored = await passwords.hash("correct horse battery")
    stronger = make(rounds=5)
    assert (stored.scheme, stored.cost) == (SCHEME, 4)
    assert not passwords.is_outdated(stored)
    assert stronger.is_outdated(stored)


async def test_hash_stays_out_of_repr(passwords):
    stored = await passwords.hash("correct horse battery")
    assert stored.hash not in repr(stored)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("x" * 257, "too_long"),
        ("with\0nul in it", "invalid_characters"),
        ("Countess-Ada", "same_as_username"),
        ("ADA@example.ORG", "same_as_email"),
        ("1234567890", "common_password"),
    ],
)
def test_bad_new_password_is_refused(passwords, password, code):
    faults = passwords.faults(password, username="countess-ada", email="ada@example.org")
    assert [(fault.pointer, fault.code) for fault in faults] == [("/password", code)]


LONGEST = "".join(f"{number * 37}!" for number in range(100))[:256]


@pytest.mark.parametrize("password", ["tr0ub4dor&", LONGEST, "correct horse battery"])
def test_good_new_password_is_taken(passwords, password):
    assert not passwords.faults(password, username="ada", email="ada@example.org")


def test_password_rules_are_configuration():
    lenient = make(min_length=3, refuse_common=False)
    assert not lenient.faults("1234567890", username="ada", email="ada@example.org")
    assert not lenient.faults("abc", username="ada", email="ada@example.org")
    assert lenient.faults("ab", username="ada", email="ada@example.org")


async def test_full_queue_refuses_at_once_and_takes_again_later():
    passwords = make(workers=1, queue=1)
    async with passwords._turns.turn("somebody"):
        waiting = asyncio.create_task(passwords.hash("correct horse battery"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refusal:
            await passwords.hash("one too many")
    assert refusal.value.retry_after_seconds >= 1
    assert await waiting
    assert await passwords.hash("room again")


async def test_hasher_that_hangs_holds_nobody_up_for_ever(monkeypatch, passwords):
    await passwords.hash("correct horse battery")
    monkeypatch.setattr(module, "DEADLINE_SECONDS", 0.2)
    stopped = HASHERS.pids
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    for _ in stopped:
        with pytest.raises(Overloaded):
            await passwords.hash("correct horse battery")
    monkeypatch.undo()
    assert await passwords.hash("correct horse battery")
    assert stopped.isdisjoint(HASHERS.pids)


async def test_what_is_no_hash_belongs_to_no_password(passwords):
    broken = StoredPassword(scheme=SCHEME, cost=4, hash="no hash")
    assert not await passwords.verify("correct horse battery", broken)


def test_pepper_follows_from_the_secret_unless_there_is_one():
    secret = "a secret that is long enough 0123456789"
    derived = Passwords.configured(Config(root=Path(), auth=AuthConfig(secret=secret, bcrypt_rounds=4)))
    own = Passwords.configured(
        Config(root=Path(), auth=AuthConfig(secret=secret, pepper="pepper of its own", bcrypt_rounds=4))
    )
    assert derived._prepare("x") != own._prepare("x")
