import pytest

from blogapi.users.logins import email_fault, email_key, username_fault, username_key


@pytest.mark.parametrize("name", ["ada", "Ada-Lovelace", "a_1", "0xy", "x" * 32, "9lives"])
def test_good_username_is_taken(name):
    assert username_fault(name) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ad", "too_short"),
        ("", "too_short"),
        ("x" * 33, "too_long"),
        ("-ada", "invalid_format"),
        ("_ada", "invalid_format"),
        ("ada lovelace", "invalid_format"),
        ("ada\n", "invalid_format"),
        ("ädä", "invalid_format"),
        ("ada@home", "invalid_format"),
        ("admin", "reserved"),
        ("API", "reserved"),
        ("0123456789abcdef01234567", "reserved"),
        ("0123456789ABCDEF01234567", "reserved"),
        ("erased-0123456789abcdef01234567", "reserved"),
    ],
)
def test_bad_username_is_refused(name, code):
    assert username_fault(name).code == code


def test_reserved_username_can_be_allowed():
    assert username_fault("admin", allow_reserved=True) is None


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.org",
        "Ada.Lovelace+blog@mail.example.co.uk",
        " ada@example.org ",
        "o'neil@example.org",
        "müller@bücher.example",
        "mu\u0308ller@b\xfccher.example",
        "root@localhost",
        "a@b.io",
    ],
)
def test_good_email_is_taken(email):
    assert email_fault(email) is None


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("", "invalid_format"),
        ("ada", "invalid_format"),
        ("ada@", "invalid_format"),
        ("@example.org", "invalid_format"),
        ("ada@example", "invalid_format"),
        ("ada@-example.org", "invalid_format"),
        ("ada@example..org", "invalid_format"),
        ("ada@example.org.", "invalid_format"),
        ("ada..l@example.org", "invalid_format"),
        (".ada@example.org", "invalid_format"),
        ("a da@example.org", "invalid_format"),
        ("a@b@example.org", "invalid_format"),
        ("ada@1.2.3.4", "invalid_format"),
        ("ada@example.org\r\nBcc: x@y.zz", "invalid_format"),
        ("=?utf-8?q?ada=0d=0aBcc=3ax=40y.zz?=@example.org", "invalid_format"),
        ("=?utf-8?b?YUBldmlsLmV4YW1wbGU+?=@example.org", "invalid_format"),
        ("\uff1d\uff1futf-8?q?ada=40y.zz?=@example.org", "invalid_format"),
        ("\uff41da@example.org", "invalid_format"),
        ("\xc9va@example.org", "invalid_format"),
        (f"{'a' * 65}@example.org", "invalid_format"),
        (f"a@{'b.' * 130}org", "too_long"),
    ],
)
def test_bad_email_is_refused(email, code):
    assert email_fault(email).code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada@Example.ORG", " ada@example.org"), ("ａda@example.org", "ada@example.org")],
    ids=["case and space", "full width"],
)
def test_addresses_that_are_the_same_have_one_key(one, other):
    assert email_key(one) == email_key(other)


def test_usernames_that_differ_in_case_have_one_key():
    assert username_key("Ada") == username_key("aDA")


@pytest.mark.parametrize(
    "email",
    ["u@bücher.example", "u@BÜCHER.example", "U@xn--bcher-kva.example", "u@bu\u0308cher.example", "u@bücher。example"],
)
def test_address_is_the_same_however_its_domain_is_written(email):
    assert email_fault(email) is None
    assert email_key(email) == "u@xn--bcher-kva.example"


def test_letters_that_are_registered_apart_stay_apart():
    """Other than in 2003, a sharp s is no double s."""
    assert email_key("u@straße.example") != email_key("u@strasse.example")


@pytest.mark.parametrize(
    "domain", ["xn--a.example", "☃-\u200d.example", "-ü.example", "xn--bcher-kva-.example", "ü" * 64 + ".io"]
)
def test_domain_that_nobody_can_have_is_refused(domain):
    assert email_fault(f"u@{domain}").code == "invalid_format"
