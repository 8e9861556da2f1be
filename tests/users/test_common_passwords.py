import pytest

from blogapi.users.common_passwords import is_common


@pytest.mark.parametrize(
    "password", ["password", "password123", "PassWord123", "qwerty123456", "1q2w3e4r5t", "manchester"]
)
def test_listed_password_is_common(password):
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaa", "éééééééééé", "          ", "abababababab", "123123123123", "20242024202",
        "dragondragon", "Hunter2hunter2", "monkeymonkeymon",
    ],
)  # fmt: skip
def test_repetition_is_common(password):
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "1234567890", "0123456789", "9876543210", "12345678901234567890", "abcdefghij", "zyxwvutsrq",
        "qwertyuiop", "QWERTYuiop", "asdfghjkl;", "qwertyuiopasdfghjkl", "abcdefgh1234567",
        "1qaz2wsx3edc4rfv", "qwertzuiop", "azertyuiop", "aabbccddeeff",
    ],
)  # fmt: skip
def test_run_along_alphabet_or_keys_is_common(password):
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "x7Kq9ZpLx7Kq9ZpL", "weredesert", "tr0ub4dor&3", "überraschung im wald",
        "S3cret-for-tests", "密码很难猜到的一句话", "nevermore-4-a-raven", "xyzyzyz-quite-long", "plain-sailing",
        "password\nand more",
    ],
)  # fmt: skip
def test_other_password_is_not_common(password):
    assert not is_common(password)


@pytest.mark.parametrize("password", ["", "zzyzx-road\n"])
def test_odd_password_is_judged(password):
    assert not is_common(password)
