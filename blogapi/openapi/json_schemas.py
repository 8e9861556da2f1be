"""marshmallow schemas as the JSON Schemas of an OpenAPI 3.1 document: named, closed, and true to our own fields."""

from __future__ import annotations

import inspect
import json
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from marshmallow import Schema, fields

from blogapi.web.fields import CommaList, FullMatch, OpenParameters, QueryFlag

JsonSchema = dict[str, Any]
COMPONENTS = "#/components/schemas/"
MEANINGS = "x-enumDescriptions"
"""What each word of an `enum` means. A schema that says so has a `title`, under which it is a component."""


class JsonSchemas(MarshmallowPlugin):
    """Turns schemas into references to components of one document.

    Answers are to be asked for before bodies: where both have a schema of one name, the body's gets `Input` added.
    """

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=self._name_of)
        self._known: JsonSchema = {}

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        self._known, self._components = spec.components.schemas, spec.components
        self._converter.map_to_openapi_type(QueryFlag, "boolean", None)
        self._converter.map_to_openapi_type(CommaList, "array", None)
        self._converter.add_attribute_function(_correct)

    def schema_helper(self, name: Any, definition: Any, schema: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Called by apispec for each component that is a schema; adds its description."""
        made = super().schema_helper(name, definition, schema, **kwargs)  # type: ignore[no-untyped-call]
        return made and {**made, "description": _text_of(resolve_schema_cls(schema))}

    @property
    def _converter(self) -> Any:
        return self.converter  # half of its methods have no annotations

    def _name_of(self, schema: Any) -> str:
        name = _plain_name(resolve_schema_cls(schema))
        return f"{name}Input" if name in self._known else name

    def answer(self, schema: type[Schema]) -> JsonSchema:
        """What leaves."""
        reference: JsonSchema = self._converter.resolve_nested_schema(schema)
        return reference

    def item(self, schema: type[Schema], heavy: frozenset[str]) -> JsonSchema:
        """What leaves in a list, where what is heavy has to be asked for."""
        whole = self.answer(schema)
        if not heavy:
            return whole
        name = f"{_name_in(whole)}Item"
        if name not in self._known:
            known = self._known[_name_in(whole)]
            sure = [member for member in known["required"] if member not in heavy]
            text = f"{known['description']} In a list, the long fields are left out unless `fields` names them."
            self._components.schema(name, {**known, "required": sure, "description": text})
        return {"$ref": COMPONENTS + name}

    def any_of(self, references: list[JsonSchema]) -> JsonSchema:
        """One of several answers, told apart by a field in which each has a word of its own, if there is one."""
        if len(references) == 1:
            return references[0]
        shapes = [self._known[_name_in(reference)] for reference in references]
        for name in shapes[0]["properties"]:
            words = [shape["properties"].get(name, {}).get("enum", ()) for shape in shapes]
            if all(len(each) == 1 for each in words) and len({word for (word,) in words}) == len(words):
                mapping = {word: each["$ref"] for (word,), each in zip(words, references, strict=True)}
                return {"oneOf": references, "discriminator": {"propertyName": name, "mapping": mapping}}
        # Clients take the first one that fits, and one that has more fields fits fewer answers.
        fields = {_name_in(each): len(shape["required"]) for each, shape in zip(references, shapes, strict=True)}
        return {"anyOf": sorted(references, key=lambda each: -fields[_name_in(each)])}

    def body(self, schema: type[Schema]) -> JsonSchema:
        """What a client sends."""
        reference: JsonSchema = self._converter.resolve_nested_schema(schema)
        return reference

    def merge_patch(self, schema: type[Schema]) -> JsonSchema:
        """What a client sends to change some of it (RFC 7396): nothing is required, null takes a value away."""
        return self._patch_of(self._converter.schema2jsonschema(schema()), _plain_name(schema), _text_of(schema))

    def parameters(self, schema: type[Schema]) -> list[JsonSchema]:
        """The parameters of a query."""
        known = schema().fields.items()
        return [
            self._query_parameter(field.data_key or name, field)
            for name, field in known
            if not isinstance(field, OpenParameters)
        ]

    def parameter(self, where: str, name: str, field: fields.Field[Any], *, required: bool) -> JsonSchema:
        """A parameter with the limits of a field."""
        schema: JsonSchema = self._converter.field2property(field)
        text = schema.pop("description", "")
        described = {"description": text} if text else {}
        return {"in": where, "name": name, "required": required, **described, "schema": schema}

    def _patch_of(self, whole: JsonSchema, name: str, text: str) -> JsonSchema:
        name = f"{name.removesuffix('Input')}Patch"
        if name not in self._known:
            required = whole.get("required", ())
            properties = {key: self._patched(value, key in required) for key, value in whole["properties"].items()}
            patch = {"type": "object", "description": text, "properties": properties, "additionalProperties": False}
            self._components.schema(name, patch)
        return {"$ref": COMPONENTS + name}

    def _patched(self, member: JsonSchema, is_required: bool) -> JsonSchema:
        patched = {key: value for key, value in member.items() if key not in ("default", "$ref")}
        nested = next((each for each in [member, *member.get("anyOf", ())] if "$ref" in each), None)
        if nested is not None:
            name = _name_in(nested)
            inner = self._patch_of(self._known[name], name, self._known[name]["description"])
            patched["anyOf"] = [inner] if is_required else [inner, {"type": "null"}]
        elif not is_required and "null" not in patched["type"]:
            patched["type"] = [patched["type"], "null"]
            if "enum" in patched:
                patched["enum"] = [*patched["enum"], None]
        return patched

    def say_defaults(self) -> None:
        """Put defaults into words: from `default`, generators of clients conclude that a field has to be sent."""
        for schema in self._known.values():
            for member in schema["properties"].values():
                default = member.pop("default", "")
                # That a text or an object is empty goes without saying.
                if default != "" and not isinstance(default, dict):
                    said = f"Default: `{default if isinstance(default, str) else json.dumps(default)}`."
                    member["description"] = f"{member.get('description', '')} {said}".strip()

    def _query_parameter(self, name: str, field: fields.Field[Any]) -> JsonSchema:
        parameter = self.parameter("query", name, field, required=field.required)
        schema = parameter["schema"]
        # A parameter that is not there has no value, which marshmallow calls None; null cannot be sent.
        if isinstance(schema.get("type"), list):
            schema["type"] = next(kind for kind in schema["type"] if kind != "null")
        if "enum" in schema:
            schema["enum"] = [choice for choice in schema["enum"] if choice is not None]
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        return parameter


def share_words(document: JsonSchema) -> None:
    """Describe once the words of a field that says what they mean, however many fields and parameters take them."""
    known = document["components"]["schemas"]
    found: JsonSchema = {}

    def shared(value: Any) -> Any:
        if isinstance(value, list):
            return [shared(each) for each in value]
        if not isinstance(value, dict):
            return value
        if MEANINGS not in value:
            return {key: shared(each) for key, each in value.items()}
        found[value["title"]] = value
        return {"$ref": COMPONENTS + value["title"], "description": value["description"]}

    document["paths"] = shared(document["paths"])
    document["components"]["schemas"] = shared(known) | found


def _plain_name(schema: Any) -> str:
    return str(schema.__name__).removesuffix("Schema").removesuffix("Shape")


def _correct(_: Any, field: fields.Field[Any], *, ret: JsonSchema) -> JsonSchema:
    """The last word on what apispec made of a field. It may change `ret`."""
    if ret.get("default", ...) in (None, (), []):
        del ret["default"]
    if "pattern" in ret and "pattern" not in field.metadata and any(isinstance(v, FullMatch) for v in field.validators):
        # A JSON Schema pattern may match anywhere, ours have to match the whole.
        ret["pattern"] = f"^(?:{ret['pattern']})$"
    if isinstance(field, CommaList):
        ret.setdefault("items", {"type": "string"})
        ret |= {"minItems": 1, "maxItems": field.most}
    return {}


def _text_of(schema: Any) -> str:
    return " ".join((inspect.cleandoc(schema.__doc__ or "").split("\n\n")[0]).split())


def _name_in(reference: JsonSchema) -> str:
    return str(reference["$ref"]).removeprefix(COMPONENTS)
