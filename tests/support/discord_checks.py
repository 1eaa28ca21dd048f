"""What Discord refuses in messages, forms and commands: 50035 with the path of the field."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.discord_rules import invalid

CONTENT, ROWS, IN_A_ROW, LABEL, CUSTOM_ID = 2000, 5, 5, 80, 100
_EMBED = {"title": 256, "description": 4096}
_EMBEDS_IN_ALL = 6000
_COMMAND_NAME = re.compile(r"[-_\w]{1,32}")
_BUTTON, _SELECTS, _INPUT, _LABEL = 2, (3, 5, 6, 7, 8), 4, 18
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")

Body = Mapping[str, Any]


def _long(where: str, value: Any, most: int, least: int = 0) -> None:
    if value is None and not least:
        return
    if not isinstance(value, str):
        raise invalid(where, "Must be a string.")
    if not least <= len(value) <= most:
        raise invalid(where, f"Must be between {least} and {most} in length.")


def _many(where: str, values: Any, most: int, least: int = 0) -> list[Body]:
    if not isinstance(values, list):
        raise invalid(where, "Only iterables may be used in a ListType")
    if not least <= len(values) <= most:
        raise invalid(where, f"Must be between {least} and {most} in length.")
    return values


def check_message(body: Body) -> None:
    _long("content", body.get("content"), CONTENT)
    check_embeds(body.get("embeds") or [])
    check_components(body.get("components") or [])
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:
        raise invalid("nonce", "Must be 25 or fewer in length.")


def check_embeds(embeds: Any) -> None:
    total = 0
    for number, embed in enumerate(_many("embeds", embeds, 10)):
        where = f"embeds.{number}"
        for name, most in _EMBED.items():
            _long(f"{where}.{name}", embed.get(name), most)
        for at, one in enumerate(_many(f"{where}.fields", list(embed.get("fields") or ()), 25)):
            _long(f"{where}.fields.{at}.name", one.get("name"), 256, 1)
            _long(f"{where}.fields.{at}.value", one.get("value"), 1024, 1)
            total += len(one["name"]) + len(one["value"])
        footer = (embed.get("footer") or {}).get("text") or ""
        _long(f"{where}.footer.text", footer, 2048)
        total += len(footer) + sum(len(embed.get(name) or "") for name in _EMBED)
    if total > _EMBEDS_IN_ALL:
        raise invalid("embeds", f"Embed size exceeds maximum size of {_EMBEDS_IN_ALL}")


def check_components(rows: Any) -> None:
    seen: set[str] = set()
    for number, row in enumerate(_many("components", rows, ROWS)):
        where = f"components.{number}"
        if row.get("type") != 1:
            raise invalid(f"{where}.type", "Value of field 'type' must be one of (1,).")
        inner = _many(f"{where}.components", row.get("components"), IN_A_ROW, 1)
        if len(inner) > 1 and any(one.get("type") in _SELECTS for one in inner):
            raise invalid(f"{where}.components", "The specified components exceed the width of 5")
        for at, one in enumerate(inner):
            _check_control(f"{where}.components.{at}", one, seen)


def _check_control(where: str, one: Body, seen: set[str]) -> None:
    if one.get("type") == _BUTTON:
        _long(f"{where}.label", one.get("label"), LABEL)
        if not (one.get("label") or one.get("emoji")):
            raise invalid(where, "A button needs a label or an emoji.")
    elif one.get("type") in _SELECTS:
        _check_select(where, one)
    else:
        raise invalid(f"{where}.type", "This component does not belong into a message.")
    _long(f"{where}.custom_id", one.get("custom_id"), CUSTOM_ID, 1)
    if one["custom_id"] in seen:
        raise invalid(f"{where}.custom_id", "Component custom id cannot be duplicated")
    seen.add(one["custom_id"])


def _check_select(where: str, one: Body) -> None:
    _long(f"{where}.placeholder", one.get("placeholder"), 150)
    options = _many(f"{where}.options", one.get("options"), 25, 1)
    for at, option in enumerate(options):
        for name, most, least in (("label", 100, 1), ("value", 100, 1), ("description", 100, 0)):
            _long(f"{where}.options.{at}.{name}", option.get(name), most, least)
    values = [option["value"] for option in options]
    if len(values) != len(set(values)):
        raise invalid(f"{where}.options", "The specified option value is already used")


def check_form(body: Body) -> None:
    """A modal: a title and up to five text fields, each in a row or in a label."""
    _long("data.title", body.get("title"), 45, 1)
    _long("data.custom_id", body.get("custom_id"), CUSTOM_ID, 1)
    _many("data.components", body.get("components"), 5, 1)
    for at, (label, one) in enumerate(form_fields(body)):
        where = f"data.components.{at}"
        if one.get("type") != _INPUT:
            raise invalid(f"{where}.type", "Only text fields are known here.")
        _long(f"{where}.custom_id", one.get("custom_id"), CUSTOM_ID, 1)
        _long(f"{where}.label", label, 45, 1)
        _long(f"{where}.placeholder", one.get("placeholder"), 100)
        _long(f"{where}.value", one.get("value"), 4000)
        if not 1 <= (one.get("max_length") or 4000) <= 4000:
            raise invalid(f"{where}.max_length", "int value should be at most 4000.")


def form_fields(body: Body) -> list[tuple[Any, Body]]:
    """(label, text field) of a modal."""
    found: list[tuple[Any, Body]] = []
    for row in body["components"]:
        if row.get("type") == _LABEL:
            found.append((row.get("label"), row["component"]))
        else:
            found += [(one.get("label"), one) for one in row.get("components", ())]
    return found


def check_choices(body: Body) -> None:
    """The answer to an autocomplete."""
    for at, choice in enumerate(_many("data.choices", body.get("choices"), 25)):
        for name in ("name", "value"):
            _long(f"data.choices.{at}.{name}", choice.get(name), 100, 1)


def check_commands(rows: Any) -> None:
    names = [row.get("name") for row in _many("commands", rows, 100)]
    if len(names) != len(set(names)):
        raise invalid("commands", "Application command names must be unique")
    for at, row in enumerate(rows):
        _check_command(str(at), row)


def _check_command(where: str, row: Body) -> None:
    _check_named(where, row)
    total = len(row["name"]) + len(row["description"])
    options = _many(f"{where}.options", list(row.get("options") or ()), 25)
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        raise invalid(f"{where}.options", "Required options must be placed before non-required")
    for at, option in enumerate(options):
        _check_named(f"{where}.options.{at}", option)
        choices = option.get("choices") or []
        _many(f"{where}.options.{at}.choices", choices, 25)
        if choices and option.get("autocomplete"):
            raise invalid(f"{where}.options.{at}", "Autocomplete and choices exclude each other")
        total += sum(len(str(text)) for text in _texts(option, choices))
    if total > 8000:
        raise invalid(where, "Command exceeds maximum size (8000)")


def _texts(option: Body, choices: Iterable[Body]) -> Iterable[Any]:
    yield from (option["name"], option["description"])
    for choice in choices:
        yield from (choice["name"], choice["value"])


def _check_named(where: str, row: Body) -> None:
    name = row.get("name") or ""
    if not _COMMAND_NAME.fullmatch(name) or name != name.lower():
        raise invalid(f"{where}.name", "Command name is invalid")
    _long(f"{where}.description", row.get("description"), 100, 1)


def check_file(name: str, content: bytes) -> None:
    """The product attaches pictures, and exports as JSON lines."""
    if name.endswith(".png") and not content.startswith(_PICTURES):
        raise invalid("files", "This is no picture.")
    if len(content) > 10 * 1024 * 1024:
        raise invalid("files", "Request entity too large")
