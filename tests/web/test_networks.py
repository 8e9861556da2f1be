import pytest

from blogapi.web.networks import bare_address, limit_key


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:x", None),
        ("[192.0.2.1", None),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
    ],
)
def test_address_is_read_without_port_and_brackets(text, address):
    assert bare_address(text) == address


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "unix", True),
    ],
)
def test_addresses_that_one_client_has_at_will_are_counted_as_one(one, other, is_same):
    assert (limit_key(one) == limit_key(other)) is is_same
