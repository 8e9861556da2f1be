"""What can be set. A setting is one annotated attribute: name, type, default and check.

Keys, environment variables and the schema are read off them; config.yaml tells people what they mean.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from blogapi.config import kinds
from blogapi.config.kinds import Flag, Items, Named, Text, Whole, one_of, optional


def _cores() -> int:
    # Those that this process may use: a container may have fewer than its machine.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What listens, and how patiently."""

    host: Annotated[str, Text(kinds.host)] = "127.0.0.1"
    port: Annotated[int, Whole(0, 65535)] = 8080
    workers: Annotated[int, Whole(0, 1024)] = 0
    public_url: Annotated[str, Text(optional(kinds.origin))] = ""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], Items(kinds.network)] = ()
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

    url: Annotated[str, Text(optional(kinds.mongo_url), is_secret=kinds.holds_password)] = field(default="", repr=False)
    database: Annotated[str, Text(kinds.database_name)] = "blogapi"
    driver: Annotated[str, Text(one_of("motor", "pymongo"))] = "motor"
    data_dir: Annotated[Path, Text(kinds.path)] = Path("var/mongo")
    mongod: Annotated[str, Text()] = ""
    timeout_seconds: Annotated[int, Whole(1, 300)] = 5
    pool_size: Annotated[int, Whole(1, 500)] = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordConfig:
    """Which new passwords are good enough."""

    min_length: Annotated[int, Whole(1, 256)] = 10
    refuse_common: Annotated[bool, Flag()] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyConfig:
    """To which domain passkeys belong."""

    rp_id: Annotated[str, Text(optional(kinds.domain))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaConfig:
    """Who has to have a second factor."""

    required_roles: Annotated[tuple[str, ...], Items(one_of("reader", "contributor", "author", "editor", "admin"))] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """Secrets, hashing and how long people stay signed in."""

    secret: Annotated[str, Text(is_secret=bool)] = field(default="", repr=False)
    pepper: Annotated[str, Text(is_secret=bool)] = field(default="", repr=False)
    bcrypt_rounds: Annotated[int, Whole(4, 16)] = 12
    bcrypt_workers: Annotated[int, Whole(0, 64)] = 0
    access_token_seconds: Annotated[int, Whole(30, 86400)] = 600
    session_idle_days: Annotated[int, Whole(1, 3650)] = 14
    session_max_days: Annotated[int, Whole(1, 3650)] = 90
    max_sessions: Annotated[int, Whole(1, 10_000)] = 100
    max_api_keys: Annotated[int, Whole(1, 10_000)] = 100
    password: PasswordConfig = field(default_factory=PasswordConfig)
    passkeys: PasskeyConfig = field(default_factory=PasskeyConfig)
    mfa: MfaConfig = field(default_factory=MfaConfig)


REGISTRATION_MODES = ("open", "invite", "closed")
# Never admin: the first one is made on the command line, further ones by an admin.
REGISTRATION_ROLES = ("reader", "contributor", "author", "editor")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationConfig:
    """Who may make an account, and what it may do."""

    mode: Annotated[str, Text(one_of(*REGISTRATION_MODES))] = "open"
    role: Annotated[str, Text(one_of(*REGISTRATION_ROLES))] = "author"
    verify_email: Annotated[str, Text(one_of("off", "later", "first"))] = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """An OpenID provider with whose accounts people can sign in here."""

    issuer: Annotated[str, Text(kinds.issuer)]
    client_id: Annotated[str, Text(kinds.line(255))]
    client_secret: Annotated[str, Text(is_secret=bool)] = field(default="", repr=False)
    title: Annotated[str, Text(optional(kinds.line(80)))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfig:
    """How mails are sent, and where their links lead."""

    url: Annotated[str, Text(optional(kinds.mail_url), is_secret=kinds.holds_password)] = field(default="", repr=False)
    from_: Annotated[str, Text(optional(kinds.mailbox))] = ""
    link_base: Annotated[str, Text(optional(kinds.link_base))] = ""
    timeout_seconds: Annotated[int, Whole(1, 30)] = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """How often a client may ask."""

    enabled: Annotated[bool, Flag()] = True
    storage: Annotated[str, Text(one_of("auto", "memory", "mongodb"))] = "auto"
    reads: Annotated[str, Text(kinds.rate)] = "1200/minute"
    writes: Annotated[str, Text(kinds.rate)] = "240/minute"
    sign_in: Annotated[str, Text(kinds.rate)] = "10/minute"
    sign_in_account: Annotated[str, Text(kinds.rate)] = "100/hour"
    sign_in_address: Annotated[str, Text(kinds.rate)] = "60/minute"
    register: Annotated[str, Text(kinds.rate)] = "20/hour"
    mail: Annotated[str, Text(kinds.rate)] = "10/hour"
    mail_address: Annotated[str, Text(kinds.rate)] = "60/hour"
    export: Annotated[str, Text(kinds.rate)] = "5/day"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditConfig:
    """How long the audit log is kept."""

    keep_days: Annotated[int, Whole(1, 3650)] = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsConfig:
    """Which front ends on other origins may call."""

    origins: Annotated[tuple[str, ...], Items(kinds.origin)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheConfig:
    """What may be kept, here and on the way."""

    enabled: Annotated[bool, Flag()] = True
    max_bytes: Annotated[int, Whole(1 << 20, 1 << 36)] = 64 << 20
    compression: Annotated[bool, Flag()] = True
    shared_max_age: Annotated[int, Whole(0, 31_536_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyConfig:
    """What becomes of the data of people who leave."""

    grace_days: Annotated[int, Whole(0, 90)] = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What is logged, and how."""

    level: Annotated[str, Text(one_of("debug", "info", "warning", "error"))] = "info"
    format: Annotated[str, Text(one_of("auto", "json", "text"))] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    """What is told to Prometheus, and where."""

    enabled: Annotated[bool, Flag()] = True
    host: Annotated[str, Text(kinds.host)] = "127.0.0.1"
    port: Annotated[int, Whole(0, 65535)] = 9464


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All kinds. Made by `load_config`, or by hand in tests: only `root` has no default, and nothing is checked.

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
    providers: Annotated[Mapping[str, ProviderConfig], Named(ProviderConfig)] = field(default_factory=dict)
    mail: MailConfig = field(default_factory=MailConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    cors: CorsConfig = field(default_factory=CorsConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)
    log: LogConfig = field(default_factory=LogConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    own: Mapping[type, Any] = field(default_factory=dict)
    """The sections that features bring themselves, by their kinds (`Feature.settings`)."""

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
        return self.server.public_url or kinds.address("http", host, self.server.port)

    @property
    def site(self) -> str:
        """What the blog is called in mails, in authenticators and in apps: the host that people see, with its port."""
        return urlsplit(self.public_url).netloc

    @property
    def passkey_domain(self) -> str:
        """The domain to which passkeys belong: `auth.passkeys.rp_id`, or the host that people see."""
        return self.auth.passkeys.rp_id or urlsplit(self.public_url).hostname or ""

    @property
    def has_secure_cookies(self) -> bool:
        """Whether browsers are to send cookies over https only."""
        return self.is_production or self.public_url.startswith("https:")

    @property
    def has_mail(self) -> bool:
        """Whether mails can be sent: by `mail.url`, or in development as files."""
        return bool(self.mail.url) or not self.is_production

    @property
    def mail_folder(self) -> Path:
        """Where mails lie as files when there is no `mail.url`."""
        return self.data / "mail"

    @property
    def mail_from(self) -> str:
        """The sender of mails: `mail.from`, or nobody's mailbox at the host that people see."""
        return self.mail.from_ or f"no-reply@{(urlsplit(self.public_url).hostname or '').strip('[]')}"

    @property
    def link_base(self) -> str:
        """What links in mails begin with."""
        return self.mail.link_base or self.public_url

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
