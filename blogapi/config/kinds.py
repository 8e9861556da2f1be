"""Settings as people write them: the kinds of values, and the files they stand in.

Every message is a cause and a cure and never holds the value, which may be a secret.
"""

import contextlib
import ipaddress
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import limits
import yaml
from dotenv.parser import parse_stream
from marshmallow import ValidationError, fields, validate

from blogapi.errors import ConfigError

_NULL = "has no value. Give one, or remove the line."
_MIN_SECRET_BYTES = 32
# Long enough that a random secret holds one of them by chance about once in ten million.
_PLACEHOLDERS = re.compile(
    "change(it|me|this)|replace(me|this)|default|development|donotuse|example|insecure|letmein|password|placeholder|"
    "qwerty|secret"
)

_SECTION_NAME = re.compile(r"(?=.{1,32}$)[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_HOST_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_ORIGIN = re.compile(r"(https?)://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_MAIL_URL = re.compile(
    r"(smtps?)://([^@/?#\s]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?/?"
    r"(\?starttls=(required|offered|never))?"
)
_LINK_BASE = re.compile(r"(https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)((?:/[A-Za-z0-9._~%-]+)*)/?")
_ISSUER = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:/[A-Za-z0-9._~%/-]*)?")
_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_MAILBOX = re.compile(rf"{_ADDRESS}|[^\s<>()\[\]\\,:;@\"][^<>()\[\]\\,:;@\"]* <{_ADDRESS}>")
_MONGO_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@,\[\]]+)(:[0-9]{1,5})?"
_MONGO_URL = re.compile(rf"mongodb(\+srv)?://([^@/?#\s]+@)?{_MONGO_HOST}(,{_MONGO_HOST})*(/[^?#\s]*)?(\?[^#\s]*)?")


class Text(fields.Field[Any]):
    """Text, turned into what the program wants by `parse`, which raises ValidationError."""

    default_error_messages = {
        "null": _NULL,
        "invalid": "must be text. Put the value in quotes.",
        "control": "contains a line break or another unprintable character. Remove it.",
    }

    def __init__(
        self, parse: Callable[[str], Any] = str, *, is_secret: Callable[[str], bool] = lambda _: False
    ) -> None:
        """What is secret, as `is_secret` tells of a text, belongs in the environment and is refused in a file."""
        super().__init__()
        self._parse, self.is_secret = parse, is_secret

    def from_text(self, text: str) -> object:
        """What YAML would have given for the text of an environment variable."""
        return text

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not value.isprintable():
            raise self.make_error("control")
        return self._parse(value)


class Whole(fields.Integer):
    """A whole number within bounds, which are allowed too."""

    def __init__(self, low: int, high: int) -> None:
        cure = f"must be a whole number from {low} to {high}."
        super().__init__(
            strict=True,
            validate=validate.Range(low, high, error=cure),
            error_messages={"null": _NULL, "invalid": cure, "too_large": cure},
        )

    def from_text(self, text: str) -> object:
        """A text that is no number stays one, so that the schema refuses it."""
        return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) else text


class Flag(fields.Boolean):
    """Strictly true or false; in the environment 1, 0, yes and no too."""

    default_error_messages = {"null": _NULL, "invalid": "must be true or false, without quotes."}

    def from_text(self, text: str) -> object:
        """A text that is neither stays one, so that the schema refuses it."""
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        return words.get(text.strip().lower(), text)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Items(fields.List[Any]):
    """A list of texts, kept as a tuple; comma separated in the environment."""

    default_error_messages = {"null": _NULL, "invalid": "must be a list, such as [first, second]."}

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__(Text(parse))

    def from_text(self, text: str) -> object:
        """Spaces around an item and empty items do not count."""
        return [item.strip() for item in text.split(",") if item.strip()]

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return tuple(super()._deserialize(value, attr, data))


Setting = Text | Whole | Flag | Items


@dataclass(frozen=True, slots=True)
class Named:
    """Any number of sections of this kind, each under a name that is chosen where it is written."""

    kind: type

    @staticmethod
    def is_name(text: object) -> bool:
        """Whether a section can be called so: it is part of environment variables and of addresses."""
        return isinstance(text, str) and _SECTION_NAME.fullmatch(text) is not None


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValidationError(f"must be one of {', '.join(choices)}.")
        return text

    return parse


def optional(parse: Callable[[str], str]) -> Callable[[str], str]:
    """Empty, or what `parse` takes."""
    return lambda text: parse(text) if text else ""


def host(text: str) -> str:
    """A name or an address to listen on."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(text))
    if not _HOST_NAME.fullmatch(text):
        raise ValidationError("is no host. Give a name or an address without scheme and port, such as 127.0.0.1.")
    return text


def origin(text: str) -> str:
    """A web origin, spelt as browsers send it: lower case, without a default port. RFC 6454 section 6.2."""
    match = _ORIGIN.fullmatch(text)
    if match is None or not 1 <= int(match[3] or 80) <= 65535:
        raise ValidationError(
            "is no origin. Write scheme://host or scheme://host:port with http or https: no path, no slash at the end,"
            " no wildcard."
        )
    return address(match[1].lower(), match[2].lower(), int(match[3] or 0))


def domain(text: str) -> str:
    """A domain without port, in lower case. An address is none."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text.strip("[]"))
        raise ValidationError("is an address, and has to be a domain, such as example.org.")
    if not _HOST_NAME.fullmatch(text):
        raise ValidationError("is no domain. Write it without scheme and port, such as example.org.")
    return text.lower()


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """An address or a network in CIDR notation."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValidationError(
            "is no address or network. Write one such as 10.0.0.7 or 10.0.0.0/8, with zeros after the prefix."
        ) from None


def mongo_url(text: str) -> str:
    """A MongoDB connection string. Its options are left to the driver."""
    if not _MONGO_URL.fullmatch(text):
        raise ValidationError(
            "is no MongoDB address. Write mongodb://host:27017/?replicaSet=name or mongodb+srv://host/, and"
            " percent-encode special characters in name and password."
        )
    return text


def mail_url(text: str) -> str:
    """The address of a mail server: `smtp://`, with STARTTLS where it is offered, or `smtps://`."""
    match = _MAIL_URL.fullmatch(text)
    if match is None or not 1 <= int(match[4] or 25) <= 65535 or (match[1] == "smtps" and match[5]):
        raise ValidationError(
            "is no address of a mail server. Write smtp://user:password@host:587 or smtps://host, and percent-encode"
            " special characters in name and password. The only option is ?starttls=required, offered or never, with"
            " smtp://."
        )
    return text


def mailbox(text: str) -> str:
    """A sender: an address, or a name with the address in angle brackets."""
    if not _MAILBOX.fullmatch(text):
        raise ValidationError("is no sender. Write blog@example.org or Our blog <blog@example.org>.")
    return text


def link_base(text: str) -> str:
    """An http or https address, maybe with a path, to which a page is added."""
    match = _LINK_BASE.fullmatch(text)
    if match is None:
        raise ValidationError(
            "is no address of pages. Write https://www.example.org or https://www.example.org/account."
        )
    return origin(match[1]) + match[2]


def issuer(text: str) -> str:
    """The issuer of an OpenID provider, as it spells itself. OpenID Connect Discovery 1.0 section 3."""
    match = _ISSUER.fullmatch(text)
    if match is None or not 1 <= int(match[3] or 443) <= 65535:
        raise ValidationError(
            "is no issuer. Write it exactly as the provider does, such as https://accounts.example.org: no query, and a"
            " slash at the end only where the provider has one."
        )
    if match[1] != "https" and not is_loopback(match[2]):
        raise ValidationError("must be an https address. Plain http is for a provider on this machine.")
    return text


def line(most: int) -> Callable[[str], str]:
    """Some text of at most so many characters."""

    def parse(text: str) -> str:
        if not text.strip() or len(text) > most:
            raise ValidationError(f"must have 1 to {most} characters.")
        return text

    return parse


def database_name(text: str) -> str:
    """A name that MongoDB takes everywhere and does not use itself."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", text) or text.lower() in {"admin", "config", "local"}:
        raise ValidationError(
            "is no usable database name. Take 1 to 63 letters, digits, _ or -, and not admin, config or local."
        )
    return text


def path(text: str) -> Path:
    """A path, not yet made absolute."""
    if not text:
        raise ValidationError("is empty. Give a path, or remove the line.")
    return Path(text)


def rate(text: str) -> str:
    """One rate in the notation of the package limits."""
    try:
        rates = limits.parse_many(text)
        valid = len(rates) == 1 and 1 <= rates[0].amount <= 1_000_000
    except ValueError:
        valid = False
    if not valid:
        raise ValidationError("is no rate. Write a number from 1 and a period, such as 10/minute or 20/hour.")
    return text


def address(scheme: str, host: str, port: int) -> str:
    """The origin, without a port that is the scheme's own; 0 stands for that too."""
    return f"{scheme}://{host}" if port in {0, 443 if scheme == "https" else 80} else f"{scheme}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached under this name or address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def weakness(secret: str) -> str | None:
    """Why a secret could be guessed, or None."""
    if not secret:
        return "is not set"
    if len(secret.encode()) < _MIN_SECRET_BYTES:
        return f"is shorter than {_MIN_SECRET_BYTES} bytes"
    if _PLACEHOLDERS.search(re.sub(r"[\W_]", "", secret.lower())):
        return "is an example or a placeholder"
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(secret)}
    repeats = any(secret[n:] == secret[:-n] for n in range(1, len(secret) // 2 + 1))
    if repeats or len(steps) < 8 or len(set(secret)) < 8:
        return "is too regular to be random"
    return None


def holds_password(url: str) -> bool:
    """Whether the address of a server says something secret, in its user part or in its options."""
    user = url.partition("//")[2].rpartition("@")[0]
    return ":" in user or re.search("password|token", url.partition("?")[2], re.IGNORECASE) is not None


def weak_write_concern(url: str) -> str | None:
    """The option by which a MongoDB connection string gives up writes that are durable on a majority, or None."""
    # The driver takes ; as a separator too, and names in any case.
    for name, value in parse_qsl(url.partition("?")[2].replace(";", "&"), keep_blank_values=True):
        if name.lower() == "w" and value != "majority":
            return "w"
        if name.lower() in {"j", "journal"} and value != "true":
            return name.lower()
    return None


def shown(name: object) -> str:
    """A name for a message: what is no plausible name may be a secret in the wrong place."""
    return str(name) if re.fullmatch(r"[\w.-]{1,80}", str(name)) else "(a name with unusual characters)"


class _DuplicateKey(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []
        for key, _ in node.value:
            if key.value in seen:
                raise _DuplicateKey(f"{shown(key.value)} is written twice, again in line {key.start_mark.line + 1}")
            seen.append(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(file: Path) -> dict[str, Any]:
    """The top of a YAML file, empty when the file is. Raises ConfigError."""
    try:
        loader = _Loader(file.read_bytes())
        tree = loader.get_single_data()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}). Correct the path or its permissions.") from None
    except _DuplicateKey as error:
        raise ConfigError(f"{file}: {error}. Keep one of them.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # Its constructors raise the bare ones for impossible dates and tags. The library's own text is left out: it
        # quotes the file, and so maybe a secret.
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "a value"
        raise ConfigError(f"{file}: {place} is not valid YAML. Check indentation, quotes and UTF-8 there.") from None
    if not isinstance(tree, dict | None):
        raise ConfigError(f"{file}: is no mapping. Write sections such as server:, with their keys below, indented.")
    return tree or {}


def read_dotenv(file: Path) -> dict[str, str]:
    """The variables of a .env file, none if it is not there. Raises ConfigError.

    Values stand as they are written: no ${...} is expanded, as it may be part of a secret.
    """
    if not file.is_file():
        return {}
    try:
        bindings = list(parse_stream(StringIO(file.read_text("utf-8"))))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}). Correct its permissions.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8. Save it as UTF-8.") from None
    values = {}
    for binding in bindings:
        if binding.error or (binding.key and binding.value is None):
            line = binding.original.line
            raise ConfigError(f"{file}: line {line} is no NAME=value. Correct it, or start it with # as a comment.")
        values[binding.key] = binding.value
    return {name: value for name, value in values.items() if name is not None and value is not None}
