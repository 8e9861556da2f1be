from random import Random

import pytest

from blogapi.config.kinds import holds_password, read_dotenv, read_yaml, weak_write_concern, weakness
from blogapi.errors import ConfigError


@pytest.mark.parametrize("alphabet", ["0123456789", "0123456789abcdef", "ABCDEFGHJKMNPQRSTVWXYZ23456789"])
def test_random_secret_is_strong(alphabet):
    random = Random(1)
    assert {weakness("".join(random.choices(alphabet, k=32))) for _ in range(300)} == {None}


@pytest.mark.parametrize(
    "secret",
    [
        "0123456789" * 4,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "correct horse " * 3,
        "ab" * 20,
        "aQ0z!azQ0Qa!z0aQzz0!aQz0Qaz0!zaQ0zaQz",
        "your-256-bit-secret-goes-here-please!",
        "REPLACE_ME_b7Q2xkW9fLrTz4uHnVd6yMp3EsGj8c",
    ],
)
def test_guessable_secret_is_weak(secret):
    assert weakness(secret)


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("mongodb://u:p@h", True),
        ("mongodb://u:p/a@h", True),
        ("mongodb://h/?tlsCertificateKeyFilePassword=p", True),
        ("mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:p", True),
        ("mongodb://u@h:27017", False),
        ("mongodb://h:27017/?replicaSet=rs0", False),
        ("", False),
    ],
)
def test_password_in_an_address_is_recognised(url, holds):
    assert holds_password(url) is holds


@pytest.mark.parametrize(
    ("options", "weak"),
    [
        ("", None),
        ("?w=majority&journal=true", None),
        ("?w=majority&w=1", "w"),
        ("?w=", "w"),
        ("?Journal=false", "journal"),
        ("?w=%31", "w"),
    ],
)
def test_weak_write_concern_is_recognised(options, weak):
    assert weak_write_concern(f"mongodb://h/{options}") == weak


@pytest.mark.parametrize(
    "line", ["BLOGAPI_AUTH__SECRET", "BLOGAPI AUTH__SECRET=hunter2", "BLOGAPI_AUTH__SECRET='hunter2"]
)
def test_broken_line_of_dotenv_is_refused(tmp_path, line):
    file = tmp_path / ".env"
    file.write_text(f"# ours\n{line}\n")
    with pytest.raises(ConfigError, match=r"line 2 is no NAME=value\. Correct it") as caught:
        read_dotenv(file)
    assert "hunter2" not in str(caught.value)


def test_dotenv_values_stand_as_written(tmp_path):
    file = tmp_path / ".env"
    file.write_text("\ufeffSECRET='a${HOME}#b'\nexport LEVEL=debug # c\n", "utf-8")
    assert read_dotenv(file) == {"SECRET": "a${HOME}#b", "LEVEL": "debug"}


@pytest.mark.parametrize("read", [read_dotenv, read_yaml])
def test_file_that_is_not_utf8_is_refused(tmp_path, read):
    file = tmp_path / "file"
    file.write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        read(file)


def test_dotenv_folder_counts_as_none(tmp_path):
    assert read_dotenv(tmp_path) == {}
