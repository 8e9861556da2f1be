import pytest

from blogapi.text.user_agent import device_name

ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{ON_LINUX}; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Linux"),
        (f"{ON_LINUX}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit Chrome/150 Safari/537 Edg/150", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit Version/26 Safari/605", "Safari, macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit CriOS/150 Safari", "Chrome, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit Chrome/150 Mobile Safari", "Chrome, Android"),
        ("curl/8.9.1", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("Backup", "Backup"),
        ("", ""),
        ("https://evil.example/", ""),
        ("evil.example/1.0", ""),
        ("<b>Click</b>", ""),
        ("Your account was closed, call us", ""),
    ],
)
def test_device_has_the_name_that_people_know(user_agent, name):
    assert device_name(user_agent) == name
