"""How the server runs: Config, read once from config.yaml, .env and the environment. What is unclear is refused.

A setting is one annotated attribute below: name, type, default and check. Keys, environment variables and the schema
are read off them; config.yaml tells people what they mean.
"""

import contextlib
import difflib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any, get_origin, get_type_hints
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields

from blogapi.config import kinds as settings
from blogapi.config.kinds import Flag, Items, Setting, Text, Whole, one_of, optional
from blogapi.errors import ConfigError

PREFIX = "BLOGAPI_"
NOT_SETTINGS = frozenset({"BLOGAPI_CONFIG", "BLOGAPI_CORPUS", "BLOGAPI_DATA"})
PROJECT = Path(__file__).resolve().parents[2]

_NEW_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"  # noqa: S105 (a command)
_SHOWN_PROBLEMS = 5
_UNKNOWN = "is not a known key."


def _cores() -> int:
    # Those that this process may use: a container may have fewer than its machine.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What listens, and how patiently."""

    host: Annotated[str, Text(settings.host)] = "127.0.0.1"
    port: Annotated[int, Whole(0, 65535)] = 8080
    workers: Annotated[int, Whole(0, 1024)] = 0
    public_url: Annotated[str, Text(optional(settings.origin))] = ""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], Items(settings.network)] = ()
    keepalive_seconds: Annotated[int, Whole(1, 3600)] = 15
    body_timeout_seconds: Annotated[int, Whole(1, 3600)] = 30
    connections_per_address: Annotated[int, Whole(1, 1_000_000)] = 512
    unsent_bytes_per_address: Annotated[int, Whole(16 << 20, 1 << 36)] = 64 << 20
    unsent_bytes: Annotated[int, Whole(16 << 20, 1 << 36)] = 256 << 20
    drain_seconds: Annotated[int, Whole(0, 600)] = 20
    stuck_seconds: Annotated[int, Whole(0, 3600)] = 15
    start_patience_seconds: Annotated[int, Whole(0, 3600)] = 60
    render_seconds: Annotated[int, Whole(1, 60)] = 5

    @property
    def stop_seconds(self) -> int:
        """How long a process may take to end once it was told to; then it is killed.

        It takes connections for at most `drain_seconds`, and running requests get as much again.
        """
        return 2 * self.drain_seconds + 10

    @property
    def processes(self) -> int:
        """How many of them serve: `workers`, or one for each core that this process may use."""
        return self.workers or _cores()

    @property
    def busy_workers(self) -> int:
        """How much each process may have computed at once: all together half of the cores, for readers go first."""
        return max(1, _cores() // (2 * self.processes))


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoConfig:
    """Where the documents are."""

    url: Annotated[str, Text(optional(settings.mongo_url))] = field(default="", repr=False)
    database: Annotated[str, Text(settings.database_name)] = "blogapi"
    driver: Annotated[str, Text(one_of("motor", "pymongo"))] = "motor"
    data_dir: Annotated[Path, Text(settings.path)] = Path("var/mongo")
    mongod: Annotated[str, Text()] = ""
    timeout_seconds: Annotated[int, Whole(1, 300)] = 5
    pool_size: Annotated[int, Whole(1, 500)] = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordConfig:
    """Which new passwords are good enough."""

    min_length: Annotated[int, Whole(1, 256)] = 10
    refuse_common: Annotated[bool, Flag()] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """Secrets, hashing and how long people stay signed in."""

    secret: Annotated[str, Text()] = field(default="", repr=False)
    pepper: Annotated[str, Text()] = field(default="", repr=False)
    bcrypt_rounds: Annotated[int, Whole(4, 16)] = 12
    bcrypt_workers: Annotated[int, Whole(0, 64)] = 0
    access_token_seconds: Annotated[int, Whole(30, 86400)] = 600
    session_idle_days: Annotated[int, Whole(1, 3650)] = 14
    session_max_days: Annotated[int, Whole(1, 3650)] = 90
    password: PasswordConfig = field(default_factory=PasswordConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationConfig:
    """Who may make an account, and what it may do."""

    mode: Annotated[str, Text(one_of("open", "invite", "closed"))] = "open"
    # Never admin: the first one is made on the command line, further ones by an admin.
    role: Annotated[str, Text(one_of("reader", "contributor", "author", "editor"))] = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """How often a client may ask."""

    enabled: Annotated[bool, Flag()] = True
    storage: Annotated[str, Text(one_of("auto", "memory", "mongodb"))] = "auto"
    reads: Annotated[str, Text(settings.rate)] = "1200/minute"
    writes: Annotated[str, Text(settings.rate)] = "240/minute"
    sign_in: Annotated[str, Text(settings.rate)] = "10/minute"
    sign_in_address: Annotated[str, Text(settings.rate)] = "60/minute"
    register: Annotated[str, Text(settings.rate)] = "20/hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsConfig:
    """Which front ends on other origins may call."""

    origins: Annotated[tuple[str, ...], Items(settings.origin)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheConfig:
    """What may be kept, here and on the way."""

    enabled: Annotated[bool, Flag()] = True
    max_bytes: Annotated[int, Whole(1 << 20, 1 << 36)] = 64 << 20
    compression: Annotated[bool, Flag()] = True
    shared_max_age: Annotated[int, Whole(0, 31_536_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What is logged, and how."""

    level: Annotated[str, Text(one_of("debug", "info", "warning", "error"))] = "info"
    format: Annotated[str, Text(one_of("auto", "json", "text"))] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. Made by `load_config`, or by hand in tests: only `root` has no default, and nothing is checked.

    Relative paths are relative to `root`. `file` is what was read, if anything; in `data` lies what the server makes.
    """

    root: Path
    file: Path | None = field(default=None, compare=False)
    data: Path = Path("var")
    environment: Annotated[str, Text(one_of("development", "production"))] = "development"
    server: ServerConfig = field(default_factory=ServerConfig)
    mongo: MongoConfig = field(default_factory=MongoConfig)
    auth: AuthConfig = field(default_factory=AuthConfig)
    registration: RegistrationConfig = field(default_factory=RegistrationConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    cors: CorsConfig = field(default_factory=CorsConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)
    log: LogConfig = field(default_factory=LogConfig)

    def __post_init__(self) -> None:
        root = Path(os.path.abspath(self.root))
        mongod = str(root / self.mongo.mongod) if self.mongo.mongod else ""
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "data", root / self.data)
        object.__setattr__(self, "mongo", replace(self.mongo, data_dir=root / self.mongo.data_dir, mongod=mongod))

    @property
    def is_production(self) -> bool:
        """Whether weak settings are refused."""
        return self.environment == "production"

    @property
    def public_url(self) -> str:
        """The origin that people see: `server.public_url`, or where we listen.

        This machine is `localhost` there, as for front ends on other ports: to browsers that is one site with one jar
        of cookies, and 127.0.0.1 is another.
        """
        host = self.server.host
        if host == "127.0.0.1":
            host = "localhost"
        elif ":" in host:
            host = f"[{host}]"
        return self.server.public_url or settings.address("http", host, self.server.port)

    @property
    def shares_limits(self) -> bool:
        """Whether sign-ins and writes are counted in the database, for all processes together."""
        is_automatic = self.limits.storage == "auto"
        return self.server.processes > 1 if is_automatic else self.limits.storage == "mongodb"

    @property
    def log_format(self) -> str:
        """`json` or `text`."""
        automatic = "json" if self.is_production else "text"
        return automatic if self.log.format == "auto" else self.log.format


class _SectionSchema(Schema):
    error_messages = {
        "unknown": _UNKNOWN,
        "type": "must be a section. Put its keys below it, indented, each as key: value.",
    }


class _Section(fields.Nested):
    """One section; builds the dataclass that its schema is read off."""

    def __init__(self, builds: type) -> None:
        super().__init__(_schema_of(builds))
        self._builds = builds

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        # A section whose lines are all commented out is null in YAML.
        return super().deserialize({} if value is None else value, *args, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return self._builds(**super()._deserialize(*args, **kwargs))


def _members(kind: type) -> Iterator[tuple[str, Setting | type]]:
    """The settings of a section and the sections within it."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if isinstance(hint, type) and is_dataclass(hint):
            yield name, hint
        elif get_origin(hint) is Annotated:
            yield name, hint.__metadata__[0]


def _schema_of(kind: type) -> type[Schema]:
    members: dict[str, fields.Field[Any]] = {
        name: _Section(of) if isinstance(of, type) else of for name, of in _members(kind)
    }
    return _SectionSchema.from_dict(members, name=kind.__name__)


def _settings_of(kind: type, prefix: str = "") -> Iterator[tuple[str, Setting]]:
    for name, of in _members(kind):
        if isinstance(of, type):
            yield from _settings_of(of, f"{prefix}{name}.")
        else:
            yield prefix + name, of


KEYS: Mapping[str, Setting] = dict(_settings_of(Config))


def variable(key: str) -> str:
    """The environment variable that overrides a key: `server.port` → `BLOGAPI_SERVER__PORT`."""
    return PREFIX + key.replace(".", "__").upper()


def load_config(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration; writes nothing. Raises ConfigError with all problems in one line.

    Later wins: defaults, the YAML file, the folder that BLOGAPI_DATA names, `.env` beside the file, the environment.
    The file is `path`, else the one that BLOGAPI_CONFIG names, else config.yaml of this project, else config.yaml in
    the working folder; without any, `.env` is that of the working folder, and data lie in a folder of the user.
    """
    environ = os.environ if environ is None else environ
    file = _find(path, environ)
    root = file.parent if file else Path.cwd()
    raw = _Raw(settings.read_yaml(file) if file else {}, str(file))
    raw.refuse_secrets()
    data = _data_folder(file, environ)
    if data is not None:
        raw.move_data(data)
    raw.overlay(settings.read_dotenv(root / ".env"), "{} in " + str(root / ".env"))
    raw.overlay(environ, "environment variable {}")
    try:
        config = Config(root=root, file=file, data=data or Path("var"), **_schema_of(Config)().load(raw.tree))
    except ValidationError as error:
        raw.add_problems(_lines(error.messages_dict))
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

    def __init__(self, tree: dict[str, Any], file: str) -> None:
        self.tree = self._file_tree = tree
        self.problems: list[str] = []
        self._file = file
        self._sources: dict[str, str] = {}

    def refuse_secrets(self) -> None:
        """What is secret belongs in the environment: a file is committed, copied and shown around."""
        for key in ("auth.secret", "auth.pepper", "mongo.url"):
            value = self._in_file(key)
            if value and (key != "mongo.url" or settings.holds_password(str(value))):
                cure = f"Remove it there and set {variable(key)} in the environment or in .env."
                self.add_problems([(key, f"is secret and does not belong in a file. {cure}")])

    def move_data(self, folder: Path) -> None:
        """Have the embedded database lie in this folder, whatever the file says."""
        self.tree = _put(self.tree, "mongo.data_dir", str(folder / "mongo"))

    def overlay(self, values: Mapping[str, str], source: str) -> None:
        """Put environment variables over what is there already."""
        keys = {variable(key): key for key in KEYS}
        for name in sorted(values):
            if not name.startswith(PREFIX) or name in NOT_SETTINGS:
                continue
            if key := keys.get(name):
                self.tree = _put(self.tree, key, KEYS[key].from_text(values[name]))
                self._sources[key] = source.format(name)
            else:
                nearest = variable(_nearest(name.removeprefix(PREFIX).lower().replace("__", "."), KEYS))
                where = source.format(settings.shown(name))
                self.problems.append(f"{where}: is no known setting. Did you mean {nearest}?")

    def add_problems(self, found: Iterable[tuple[str, str]]) -> None:
        """Each is a key and a sentence or two: the cause and the cure."""
        for key, text in found:
            setting = key.partition("[")[0]
            source = self._sources.get(setting) or (self._file if self._in_file(setting) is not None else "")
            self.problems.append(f"{key}: {text}" + (f" ({source})" if source else ""))

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


def _lines(messages: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The messages of marshmallow, flat."""
    for name, found in messages.items():
        if name == "_schema":
            key = prefix
        elif isinstance(name, int):
            key = f"{prefix}[{name}]"
        else:
            key = f"{prefix}.{settings.shown(name)}".lstrip(".")
        if isinstance(found, Mapping):
            yield from _lines(found, key)
        elif found == [_UNKNOWN]:
            yield key, f"{_UNKNOWN} {_did_you_mean(key)}"
        else:
            yield from ((key, text) for text in found)


def _did_you_mean(key: str) -> str:
    if key in KEYS:
        return "Write its parts as sections, indented one below the other."
    sections = (name for name, of in _members(Config) if isinstance(of, type))
    return f"Did you mean {_nearest(key, [*KEYS, *sections])}?"


def _conflicts(config: Config) -> Iterator[tuple[str, str]]:
    """What is wrong with settings that are each well-formed."""
    if config.auth.session_idle_days > config.auth.session_max_days:
        yield "auth.session_idle_days", "is more than auth.session_max_days. Lower it, or raise the other."
    if config.is_production:
        yield from _weak_in_production(config)


def _weak_in_production(config: Config) -> Iterator[tuple[str, str]]:
    server, mongo, auth = config.server, config.mongo, config.auth
    public_host = urlsplit(config.public_url).hostname or ""
    if not server.public_url.startswith("https:") and not settings.is_loopback(public_host):
        yield "server.public_url", "must be an https address in production, such as https://blog.example.org. Set it."
    if not mongo.url:
        yield "mongo.url", f"is required in production. Set {variable('mongo.url')} to your replica set."
    if option := settings.weak_write_concern(mongo.url):
        yield "mongo.url", f"weakens the write concern by {option}. Remove that option, or use w=majority&journal=true."
    for key, secret in (("auth.secret", auth.secret), ("auth.pepper", auth.pepper)):
        # An empty pepper is derived from the secret.
        if (secret or key == "auth.secret") and (weakness := settings.weakness(secret)):
            yield key, f"{weakness}. Set {variable(key)} to what this prints: {_NEW_SECRET}"
    if auth.bcrypt_rounds < 10:
        yield "auth.bcrypt_rounds", "is under 10, which is too weak for production. Raise it; 12 is the default."
    if auth.password.min_length < 8:
        yield "auth.password.min_length", "is under 8, which is too short for production. Raise it; 10 is the default."


def with_development_secret(config: Config) -> Config:
    """Fill in an empty `auth.secret` in development: made once and kept in `secret` of the data folder, for its owner.

    Apart from `load_config`, which changes nothing on disk. Raises ConfigError for a damaged or impossible file.
    """
    if config.auth.secret or config.is_production:
        return config
    file = config.data / "secret"
    try:
        secret = _kept_secret(file)
    except OSError as error:
        cure = f"Set {variable('auth.secret')}, or correct the permissions."
        raise ConfigError(f"auth.secret: cannot be kept in {file} ({error.strerror}). {cure}") from None
    if not re.fullmatch(r"[A-Za-z0-9_-]{43,}", secret):
        raise ConfigError(f"auth.secret: {file} is empty or damaged. Delete it; the next start makes a new one.")
    return replace(config, auth=replace(config.auth, secret=secret))


def _kept_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        descriptor, draft = tempfile.mkstemp(prefix="secret-", dir=file.parent)
        try:
            with open(descriptor, "w", encoding="ascii") as stream:
                stream.write(token_urlsafe(48))
                stream.flush()
                os.fsync(descriptor)
            # A link never replaces: of two servers that start at once the first one wins, and both read its secret.
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
        finally:
            os.unlink(draft)
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return file.read_text("utf-8", errors="replace").strip()
