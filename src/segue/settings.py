"""Frozen settings that refuse what they do not know, and ``key.path=value`` overrides."""

import difflib
import importlib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from segue.errors import NotFoundError, SettingsError

# Not typing.Self: the shape checker of the tests looks at functions outside their class.
SettingsT = TypeVar("SettingsT", bound="Settings")


class Settings(BaseModel):
    """Base of all settings: frozen, typed, unknown keys refused with the nearest name."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(cls: type[SettingsT], values: Mapping[str, Any]) -> SettingsT:
        """Validated settings from plain values.

        Raises:
            SettingsError: A key is unknown or a value does not fit; the message names it.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise SettingsError(
                "; ".join(_sentence(cls, item) for item in error.errors())
            ) from None


EntryT = TypeVar("EntryT")


def look_up(table: Mapping[str, EntryT], kind: str, name: str) -> EntryT:
    """The entry of a name in a table of one kind of thing ("model", "protocol", ...).

    Raises:
        SettingsError: There is none; the message names the nearest, or all.
    """
    if name not in table:
        near = difflib.get_close_matches(name, table, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known {kind}s: {', '.join(table)}."
        raise SettingsError(f"No {kind} {name!r}. {hint}")
    return table[name]


def load_entry(table: Mapping[str, str], kind: str, name: str) -> Any:
    """What the place of a name, "module:attribute", holds; the module is imported only now.

    Raises:
        SettingsError: As in ``look_up``.
    """
    return load_place(look_up(table, kind, name))


def load_place(place: str) -> Any:
    """What a place "module:attribute" holds."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        NotFoundError: There is no such file.
        SettingsError: The file is not TOML; the message holds line and column.
    """
    if not path.is_file():
        raise NotFoundError(f"No settings file {path}. Give the path of a TOML file.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None


def override(values: Mapping[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of nested values with each ``key.path=value`` applied; values are read as TOML, else as text.

    Raises:
        SettingsError: An assignment has no ``=`` or walks through something that is not a table.
    """
    result = _copy(values)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise SettingsError(f"Expected key.path=value, got {assignment!r}.")
        *parents, key = path.split(".")
        table = result
        for parent in parents:
            table = table.setdefault(parent, {})
            if not isinstance(table, dict):
                raise SettingsError(
                    f"{assignment!r}: {parent!r} is a value, not a table of settings."
                )
        table[key] = _value(text)
    return result


def _copy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _sentence(cls: type[BaseModel], item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        names = _field_names(cls, item["loc"][:-1])
        near = difflib.get_close_matches(str(item["loc"][-1]), names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(names))}."
        return f"Unknown setting {place!r}; {hint}"
    said = item["msg"].removeprefix("Value error, ").removesuffix(".")
    said = said if said.endswith("?") else f"{said}."
    # A fault of the whole file is about no setting in particular, and the file is long.
    return (
        f"Setting {place!r} = {item['input']!r}: {said}" if place else said[:1].upper() + said[1:]
    )


def _field_names(cls: type[BaseModel], path: Iterable[Any]) -> list[str]:
    for part in path:
        field = cls.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        cls = annotation
    return list(cls.model_fields)
