"""Elements of a page, escaped where they are made: a file name can never become markup."""

import html


class Markup(str):
    """Text that is HTML already; any other ``str`` is escaped when it joins an element."""

    __slots__ = ()


_EMPTY = frozenset({"meta", "img", "path"})
"""Elements that hold nothing and are not closed by a tag of their own."""


def tag(name: str, /, *children: str, **attributes: str | float | int | bool | None) -> Markup:
    """One element.

    Args:
        name: Of the element.
        children: Elements, or text to be escaped.
        attributes: ``data_value=3`` becomes ``data-value="3"``, ``class_`` becomes ``class``; ``True`` is an
            attribute without value, ``None`` and ``False`` none at all.
    """
    words = [name, *(_attribute(key, value) for key, value in attributes.items() if _set(value))]
    if name in _EMPTY:
        return Markup(f"<{' '.join(words)}/>")
    return Markup(f"<{' '.join(words)}>{join(children)}</{name}>")


def join(children: tuple[str, ...] | list[str]) -> Markup:
    """Elements and escaped text one after the other."""
    return Markup("".join(_safe(child) for child in children))


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(text)


def _set(value: str | float | int | bool | None) -> bool:
    return value is not None and value is not False


def _attribute(key: str, value: str | float | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return name if value is True else f'{name}="{html.escape(str(value))}"'
