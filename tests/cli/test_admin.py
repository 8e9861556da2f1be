import json

import pytest
from pyotp import TOTP

from blogapi.access.identity import Identity
from blogapi.auth.model import TOKEN, Caller, SessionRequest
from blogapi.auth.service import AuthService
from blogapi.clock import utc_now
from blogapi.errors import InvalidCredentials
from blogapi.second_factors.service import SecondFactors
from blogapi.users.service import UserService

PASSWORD = "correct horse battery"
ADA = ("create-admin", "--username", "ada", "--email", "ada@example.org")
needs_mongod = pytest.mark.mongod


def role_of(blog, login, password):
    """The role that somebody has after signing in."""

    async def sign_in(opened):
        wanted = SessionRequest(kind=TOKEN, caller=Caller(address="127.0.0.1", device="test"))
        return await opened.services[AuthService].sign_in.with_password(login, password, wanted)

    return blog.work(sign_in).user.role


@needs_mongod
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nsecond line\n"])
def test_administrator_signs_in_with_the_first_line_of_standard_input(blog, end):
    result = blog(*ADA, "--password-stdin", input=PASSWORD + end)
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    assert role_of(blog, "ada@example.org", PASSWORD) == "admin"


@needs_mongod
def test_generated_password_is_printed_and_works(blog):
    made = blog.json(*ADA, "--generate")
    assert made["username"] == "ada"
    assert role_of(blog, "ada", made["password"]) == "admin"


@needs_mongod
def test_json_holds_no_password_that_was_given(blog):
    result = blog(*ADA, "--password-stdin", "--json", input=PASSWORD)
    made = json.loads(result.stdout)
    assert set(made) == {"id", "username", "email", "role"}


@needs_mongod
@pytest.mark.parametrize(
    ("username", "email", "said"),
    [
        ("Ada", "other@example.org", "blogapi: This username is taken.\n"),
        ("other", "ADA@example.org", "blogapi: There is an account with this e-mail address.\n"),
    ],
)
def test_second_of_the_same_name_or_address_is_refused(blog, username, email, said):
    blog(*ADA, "--password-stdin", input=PASSWORD)
    result = blog("create-admin", "--username", username, "--email", email, "--password-stdin", input=PASSWORD)
    assert (result.exit_code, result.stderr) == (1, said)


@needs_mongod
@pytest.mark.parametrize(
    ("username", "email", "password", "said"),
    [
        ("ada", "ada@example.org", "short", "password: At least 10 characters."),
        ("ada", "ada@example.org", "", "password: At least 10 characters."),
        ("a", "nobody", PASSWORD, "username: At least 3 characters. email: Not an e-mail address."),
    ],
)
def test_rules_are_those_of_every_account(blog, username, email, password, said):
    result = blog("create-admin", "--username", username, "--email", email, "--password-stdin", input=password)
    assert result.exit_code == 1
    assert result.stderr == f"blogapi: {said}\n"
    with pytest.raises(InvalidCredentials):
        role_of(blog, "ada", PASSWORD)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--password-stdin", "--generate"], "exclude each other"),
        ([], "There is no terminal to ask at"),
    ],
)
def test_source_of_the_password_has_to_be_clear(commands, options, said):
    result = commands(*ADA, *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_password_has_to_be_text(commands):
    result = commands(*ADA, "--password-stdin", input=b"\xff\xfe\n")
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr


@needs_mongod
def test_factors_of_nobody_cannot_be_reset(blog):
    result = blog("reset-factors", "nobody")
    assert (result.exit_code, result.stderr) == (1, "blogapi: There is no user 'nobody'.\n")


@needs_mongod
def test_reset_of_factors_says_whether_there_were_any(blog):
    blog(*ADA, "--password-stdin", input=PASSWORD)
    assert blog.json("reset-factors", "ada") == {"removed": False}

    async def set_up(opened):
        factors, user = opened.services[SecondFactors], await opened.services[UserService].find_by_login("ada")
        who = Identity(user_id=user.id, role=user.role, authenticated_at=utc_now())
        app = TOTP((await factors.offer_totp(who)).secret)
        await factors.confirm_totp(who, app.now())

    blog.work(set_up)
    assert "were removed" in blog("reset-factors", "ADA@example.org").stdout
    assert blog.json("reset-factors", "ada") == {"removed": False}
