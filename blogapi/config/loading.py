"""Reads the configuration, once, from config.yaml, .env and the environment. What is unclear is refused."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from blogapi.config import kinds
from blogapi.config.kinds import Named, Text
from blogapi.config.schema import PREFIX, UNKNOWN, keys_of, named_of, schema_of, variable
from blogapi.config.sections import Config
from blogapi.errors import ConfigError

NOT_SETTINGS = frozenset({"BLOGAPI_CONFIG", "BLOGAPI_CORPUS", "BLOGAPI_DATA"})
PROJECT = Path(__file__).resolve().parents[2]

_NEW_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 (a command)
_SHOWN_PROBLEMS = 5


def load_config(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    sections: Mapping[str, type] = MappingProxyType({}),
) -> Config:
    """Read the configuration; writes nothing. Raises ConfigError with all problems in one line.

    `sections` are those that features bring, by name.

    Later wins: defaults, the YAML file, the folder that BLOGAPI_DATA names, `.env` beside the file, the environment.
    The file is `path`, else the one that BLOGAPI_CONFIG names, else config.yaml of this project, else config.yaml in
    the working folder; without any, `.env` is that of the working folder, and data lie in a folder of the user.
    """
    environ = os.environ if environ is None else environ
    file = _find(path, environ)
    root = file.parent if file else Path.cwd()
    raw = _Raw(kinds.read_yaml(file) if file else {}, str(file), sections)
    raw.refuse_secrets()
    data = _data_folder(file, environ)
    if data is not None:
        raw.move_data(data)
    raw.overlay(kinds.read_dotenv(root / ".env"), "{} in " + str(root / ".env"))
    raw.overlay(environ, "environment variable {}")
    try:
        # A section that is nowhere mentioned is made, too: it may lack what has no default.
        found = schema_of(sections).load({**dict.fromkeys(sections), **raw.tree})
        own = {kind: found.pop(name) for name, kind in sections.items()}
        config = Config(root=root, file=file, data=data or Path("var"), own=own, **found)
    except ValidationError as error:
        raw.add_problems(raw.lines(error.messages_dict))
    else:
        raw.add_problems(_conflicts(config))
    if raw.problems:
        shown = sorted(raw.problems)[:_SHOWN_PROBLEMS]
        more = len(raw.problems) - len(shown)
        raise ConfigError("; ".join(shown) + (f"; and {more} more" if more else ""))
    return config


def _find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if given := path or environ.get("BLOGAPI_CONFIG"):
        return Path(os.path.abspath(given))
    here = (folder / "config.yaml" for folder in (PROJECT, Path.cwd()))
    return next((file for file in here if file.is_file()), None)


def _data_folder(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Where to keep data if not beside the configuration: where we are told to, or the user's folder for state.

    XDG Base Directory Specification: XDG_STATE_HOME, which counts only when it is absolute.
    """
    if given := environ.get("BLOGAPI_DATA"):
        return Path(os.path.abspath(given))
    if file is not None:
        return None
    home = Path(environ.get("XDG_STATE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "state") / "blogapi"


class _Raw:
    """The settings as they were written, where each came from, and what is wrong with them."""

    def __init__(self, tree: dict[str, Any], file: str, sections: Mapping[str, type]) -> None:
        self.tree = self._file_tree = tree
        self.problems: list[str] = []
        self._file, self._keys, self._named = file, keys_of(sections), named_of(sections)
        self._sources: dict[str, str] = {}
        for holder in self._named:
            found = self._in_file(holder)
            for name in found if isinstance(found, dict) else ():
                self._add_named(holder, name)

    def _add_named(self, holder: str, name: object) -> None:
        """From here on the keys of this section are known."""
        if Named.is_name(name):
            self._keys |= {f"{holder}.{name}.{key}": setting for key, setting in self._named[holder].items()}

    def _add_named_by(self, variable_name: str) -> None:
        """The same for the section that an environment variable belongs to, if it belongs to one."""
        for holder, keys in self._named.items():
            prefix = variable(holder) + "__"
            for key in keys:
                suffix = variable(f".{key}").removeprefix(PREFIX)
                if variable_name.startswith(prefix) and variable_name.endswith(suffix):
                    self._add_named(holder, variable_name[len(prefix) : -len(suffix)].lower())

    def refuse_secrets(self) -> None:
        """What is secret belongs in the environment: a file is committed, copied and shown around."""
        for key, setting in self._keys.items():
            value = self._in_file(key)
            if value and isinstance(setting, Text) and setting.is_secret(str(value)):
                cure = f"Remove it there and set {variable(key)} in the environment or in .env."
                self.add_problems([(key, f"is secret and does not belong in a file. {cure}")])

    def move_data(self, folder: Path) -> None:
        """Have the embedded database lie in this folder, whatever the file says."""
        self.tree = _put(self.tree, "mongo.data_dir", str(folder / "mongo"))

    def overlay(self, values: Mapping[str, str], source: str) -> None:
        """Put environment variables over what is there already."""
        for name in values:
            self._add_named_by(name)
        keys = {variable(key): key for key in self._keys}
        for name in sorted(values):
            if not name.startswith(PREFIX) or name in NOT_SETTINGS:
                continue
            if key := keys.get(name):
                self.tree = _put(self.tree, key, self._keys[key].from_text(values[name]))
                self._sources[key] = source.format(name)
            else:
                nearest = variable(_nearest(name.removeprefix(PREFIX).lower().replace("__", "."), self._keys))
                where = source.format(kinds.shown(name))
                self.problems.append(f"{where}: is no known setting. Did you mean {nearest}?")

    def add_problems(self, found: Iterable[tuple[str, str]]) -> None:
        """Each is a key and a sentence or two: the cause and the cure."""
        for key, text in found:
            setting = key.partition("[")[0]
            source = self._sources.get(setting) or (self._file if self._in_file(setting) is not None else "")
            self.problems.append(f"{key}: {text}" + (f" ({source})" if source else ""))

    def lines(self, messages: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
        """The messages of marshmallow, flat."""
        for name, found in messages.items():
            if name == "_schema":
                key = prefix
            elif isinstance(name, int):
                key = f"{prefix}[{name}]"
            else:
                key = f"{prefix}.{kinds.shown(name)}".lstrip(".")
            if isinstance(found, Mapping):
                yield from self.lines(found, key)
            elif found == [UNKNOWN]:
                yield key, f"{UNKNOWN} {self._did_you_mean(key)}"
            else:
                yield from ((key, text) for text in found)

    def _did_you_mean(self, key: str) -> str:
        if key in self._keys:
            return "Write its parts as sections, indented one below the other."
        sections = {known.partition(".")[0] for known in self._keys if "." in known}
        return f"Did you mean {_nearest(key, [*self._keys, *sorted(sections)])}?"

    def _in_file(self, key: str) -> Any:
        branch: Any = self._file_tree
        for name in key.split("."):
            branch = branch.get(name) if isinstance(branch, dict) else None
        return branch


def _put(tree: Any, key: str, value: object) -> Any:
    """A copy with this key set; what is not a section stays as it is, for the schema to refuse."""
    if not isinstance(tree, dict | None):
        return tree
    name, _, rest = key.partition(".")
    branch = tree or {}
    return {**branch, name: _put(branch.get(name), rest, value) if rest else value}


def _nearest(word: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(word, known, n=1, cutoff=0)[0]


def _conflicts(config: Config) -> Iterator[tuple[str, str]]:
    """What is wrong with settings that are each well-formed."""
    if config.auth.session_idle_days > config.auth.session_max_days:
        yield "auth.session_idle_days", "is more than auth.session_max_days. Lower it, or raise the other."
    if config.metrics.enabled and config.metrics.port == config.server.port != 0:
        yield "metrics.port", "is that of server.port. Metrics are not for everybody: set a port of their own."
    if (domain := config.auth.passkeys.rp_id) and not any(
        f".{urlsplit(origin).hostname}".endswith(f".{domain}") for origin in (config.public_url, *config.cors.origins)
    ):
        yield (
            "auth.passkeys.rp_id",
            "is not the host of server.public_url or of one of cors.origins, nor what such a host ends in. Correct it.",
        )
    by_issuer: dict[str, str] = {}
    for name, provider in config.providers.items():
        known = by_issuer.setdefault(provider.issuer, name)
        if known != name:
            # Accounts are told apart by their issuer, and the two would open each other's.
            yield f"providers.{name}.issuer", f"is that of providers.{known}. Keep one of them."
    if config.is_production:
        yield from _weak_in_production(config)


def _weak_in_production(config: Config) -> Iterator[tuple[str, str]]:
    server, mongo, auth = config.server, config.mongo, config.auth
    public_host = urlsplit(config.public_url).hostname or ""
    if not server.public_url.startswith("https:") and not kinds.is_loopback(public_host):
        yield "server.public_url", "must be an https address in production, such as https://blog.example.org. Set it."
    if not mongo.url:
        yield "mongo.url", f"is required in production. Set {variable('mongo.url')} to your replica set."
    if option := kinds.weak_write_concern(mongo.url):
        yield "mongo.url", f"weakens the write concern by {option}. Remove that option, or use w=majority&journal=true."
    for key, secret in (("auth.secret", auth.secret), ("auth.pepper", auth.pepper)):
        # An empty pepper is derived from the secret.
        if (secret or key == "auth.secret") and (weakness := kinds.weakness(secret)):
            yield key, f"{weakness}. Set {variable(key)} to what this prints: {_NEW_SECRET}"
    for name, provider in config.providers.items():
        if not provider.issuer.startswith("https:"):
            yield f"providers.{name}.issuer", "must be an https address in production. Correct it."
    if auth.bcrypt_rounds < 10:
        yield "auth.bcrypt_rounds", "is under 10, which is too weak for production. Raise it; 12 is the default."
    if auth.password.min_length < 8:
        yield "auth.password.min_length", "is under 8, which is too short for production. Raise it; 10 is the default."
