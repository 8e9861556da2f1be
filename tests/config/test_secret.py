import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from blogapi.config import AuthConfig, Config, with_development_secret
from blogapi.config.kinds import weakness
from blogapi.errors import ConfigError
from tests.servers import LONG

SECRET = "Tr0ub4dor"


def test_development_secret_is_made_once_for_its_owner_only(tmp_path):
    first = with_development_secret(Config(root=tmp_path))
    assert weakness(first.auth.secret) is None
    assert with_development_secret(Config(root=tmp_path)) == first
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret"]
    assert stat.S_IMODE((tmp_path / "var/secret").stat().st_mode) == 0o600


def test_servers_that_start_at_once_agree_on_a_secret(tmp_path):
    gate = Barrier(8)

    def start(_):
        gate.wait(timeout=LONG)
        return with_development_secret(Config(root=tmp_path)).auth.secret

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(start, range(8)))) == 1
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret"]


def test_kept_secret_that_others_may_read_is_closed_to_them(tmp_path):
    first = with_development_secret(Config(root=tmp_path))
    (tmp_path / "var/secret").chmod(0o644)
    assert with_development_secret(Config(root=tmp_path)) == first
    assert stat.S_IMODE((tmp_path / "var/secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"\n", SECRET.encode(), b"\xff" * 64, b"a" * 64 + b"\n" + b"b" * 64])
def test_damaged_kept_secret_is_refused(tmp_path, content):
    (tmp_path / "var").mkdir()
    (tmp_path / "var/secret").write_bytes(content)
    with pytest.raises(ConfigError, match=r"^auth\.secret: .* is empty or damaged\. Delete it") as caught:
        with_development_secret(Config(root=tmp_path))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("obstacle", ["var", "var/secret/folder"])
def test_secret_that_cannot_be_kept_is_refused(tmp_path, obstacle):
    (tmp_path / obstacle).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / obstacle).write_text("")
    with pytest.raises(ConfigError, match=r"cannot be kept in .* Set BLOGAPI_AUTH__SECRET"):
        with_development_secret(Config(root=tmp_path))


@pytest.mark.parametrize(
    "settings", [{"auth": AuthConfig(secret="given")}, {"environment": "production"}], ids=["given", "production"]
)
def test_no_secret_is_made_when_none_is_wanted(tmp_path, settings):
    config = Config(root=tmp_path, **settings)
    assert with_development_secret(config) == config
    assert list(tmp_path.iterdir()) == []
