"""What is read off the annotations of a section: its keys, their environment variables, and the schema."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from dataclasses import fields as fields_of
from typing import Annotated, Any, get_origin, get_type_hints

from marshmallow import Schema, ValidationError, fields

from blogapi.config.kinds import Named, Setting
from blogapi.config.sections import Config

PREFIX = "BLOGAPI_"
UNKNOWN = "is not a known key."


_NO_NAME = (
    "is no name for a section. Take up to 32 small letters and digits, the first a letter, with single _ between."
)
_NO_SECTION = "must be a section. Put its keys below it, indented, each as key: value."


class _SectionSchema(Schema):
    error_messages = {"unknown": UNKNOWN, "type": _NO_SECTION}


class _Section(fields.Nested):
    """One section; builds the dataclass that its schema is read off."""

    def __init__(self, builds: type) -> None:
        super().__init__(_schema_of(builds))
        self._builds = builds

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        # A section whose lines are all commented out is null in YAML.
        return super().deserialize({} if value is None else value, *args, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        given = super()._deserialize(*args, **kwargs)
        missing = [name for name in _without_default(self._builds) if name not in given]
        if missing:
            raise ValidationError({name: ["is not set, and has no default. Set it."] for name in missing})
        attributes = {_key(field.name): field.name for field in fields_of(self._builds)}
        return self._builds(**{attributes[key]: value for key, value in given.items()})


class _NamedSections(fields.Field[Any]):
    """Sections of one kind by their names; none where there are none."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self._section = _Section(kind)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        # As that of a section, null is nothing.
        return super().deserialize({} if value is None else value, *args, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        if not isinstance(value, dict):
            raise ValidationError(_NO_SECTION)
        found: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for name, inner in value.items():
            if not Named.is_name(name):
                wrong[name] = [_NO_NAME]
                continue
            try:
                found[name] = self._section.deserialize(inner)
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found


def _without_default(kind: type) -> list[str]:
    fields = fields_of(kind)
    return [_key(field.name) for field in fields if field.default is MISSING and field.default_factory is MISSING]


def _key(attribute: str) -> str:
    """How a setting is called whose name is a word of Python, and its attribute `from_`."""
    return attribute.removesuffix("_")


Member = Setting | type | Named


def members(kind: type) -> Iterator[tuple[str, Member]]:
    """The settings of a section and the sections within it."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if isinstance(hint, type) and is_dataclass(hint):
            yield _key(name), hint
        elif get_origin(hint) is Annotated:
            yield _key(name), hint.__metadata__[0]


def _schema_of(kind: type) -> type[Schema]:
    return _SectionSchema.from_dict(_fields(members(kind)), name=kind.__name__)


def _fields(members: Iterable[tuple[str, Member]]) -> dict[str, fields.Field[Any]]:
    return {name: _field(of) for name, of in members}


def _field(of: Member) -> fields.Field[Any]:
    if isinstance(of, Named):
        return _NamedSections(of.kind)
    return _Section(of) if isinstance(of, type) else of


def schema_of(sections: Mapping[str, type]) -> Schema:
    """The schema of the whole configuration, with these sections besides those of `Config`."""
    clashes = sections.keys() & dict(members(Config)).keys()
    if clashes:
        raise ValueError(f"The configuration has a section of this name already: {', '.join(sorted(clashes))}.")
    return _SectionSchema.from_dict(_fields([*members(Config), *sections.items()]), name="Config")()


def keys_of(sections: Mapping[str, type]) -> dict[str, Setting]:
    """Every key by its whole name, `server.port`: those of `Config`, then those of these sections."""
    return {key: of for key, of in _everything(sections) if not isinstance(of, Named)}


def named_of(sections: Mapping[str, type]) -> dict[str, dict[str, Setting]]:
    """What holds sections under names that people choose, by its key, with the keys of each such section."""
    return {key: dict(_settings_of(of.kind)) for key, of in _everything(sections) if isinstance(of, Named)}


def _everything(sections: Mapping[str, type]) -> Iterator[tuple[str, Setting | Named]]:
    yield from _walk(Config)
    for name, kind in sections.items():
        yield from _walk(kind, f"{name}.")


def variable(key: str) -> str:
    """The environment variable that overrides a key: `server.port` → `BLOGAPI_SERVER__PORT`."""
    return PREFIX + key.replace(".", "__").upper()


def _settings_of(kind: type) -> Iterator[tuple[str, Setting]]:
    for key, of in _walk(kind):
        if isinstance(of, Named):
            raise TypeError(f"{kind.__name__}.{key}: sections with names of their own cannot be nested.")
        yield key, of


def _walk(kind: type, prefix: str = "") -> Iterator[tuple[str, Setting | Named]]:
    for name, of in members(kind):
        if isinstance(of, type):
            yield from _walk(of, f"{prefix}{name}.")
        else:
            yield prefix + name, of
