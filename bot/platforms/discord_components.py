"""Buttons as Discord shows them: rows of five, one menu where there are many alike, and forms."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from handlers.chat import Button, Rows, Tap

Json = dict[str, Any]

FORM = "form|"  # before the data of the button that opened it
_MENU = "menu|"
_ANSWER = "answer"  # the name of a form's field

_ROW, _BUTTON, _SELECT, _INPUT = 1, 2, 3, 4
_WIDTH = 5  # buttons in a row
_HEIGHT = 5  # rows
_OPTIONS = 25  # of a menu
_MANY = 5  # of one kind; more become a menu
_LABEL, _OPTION, _TITLE, _HINT = 80, 100, 45, 100
_LONGEST_ANSWER = 4000
_SECONDARY, _SUCCESS, _DANGER = 2, 3, 4
_GOOD = ("✅",)
_BAD = ("🛑", "❌", "⛔")


def components(rows: Rows) -> list[Json]:
    """Rows of a message; [] takes the buttons of an edited message away."""
    unique = _without_doubles(rows)
    count = Counter(button.verb for row in unique for button in row)
    many = {verb for verb, number in count.items() if number > _MANY}
    narrow = [part for row in unique for part in _parted([b for b in row if b.verb not in many])]
    menus = [[b for row in unique for b in row if b.verb == verb] for verb in count if verb in many]
    shown = [_menu(f"{_MENU}{part[0].verb}{start}", part) for start, part in _pages(menus)]
    room = _HEIGHT - len(shown)
    if len(narrow) > room:
        narrow = list(_parted([button for row in narrow for button in row]))
    if len(narrow) > room:
        return _crowded([button for row in unique for button in row])
    return [*shown, *map(_buttons, narrow)]


def _without_doubles(rows: Rows) -> list[list[Button]]:
    """Discord refuses a message with two buttons that are the same."""
    known: set[str] = set()
    unique = []
    for row in rows:
        fresh = [button for button in row if button.data not in known]
        fresh = list({button.data: button for button in fresh}.values())
        known.update(button.data for button in fresh)
        unique.append(fresh)
    return unique


def _parted(row: Sequence[Button]) -> Iterable[Sequence[Button]]:
    return (row[start : start + _WIDTH] for start in range(0, len(row), _WIDTH))


def _pages(menus: Iterable[Sequence[Button]]) -> Iterable[tuple[int, Sequence[Button]]]:
    for menu in menus:
        for start in range(0, len(menu), _OPTIONS):
            yield start, menu[start : start + _OPTIONS]


def _crowded(every: Sequence[Button]) -> list[Json]:
    """All of them in menus; five hold 125, more than any message of ours has."""
    pages = [every[start : start + _OPTIONS] for start in range(0, len(every), _OPTIONS)]
    return [_menu(f"{_MENU}{number}", page) for number, page in enumerate(pages[:_HEIGHT])]


def _buttons(row: Sequence[Button]) -> Json:
    return {"type": _ROW, "components": [_button(button) for button in row]}


def _button(button: Button) -> Json:
    label = button.label[:_LABEL]
    return {"type": _BUTTON, "style": _style(label), "label": label, "custom_id": button.data}


def _style(label: str) -> int:
    if label.startswith(_GOOD):
        return _SUCCESS
    return _DANGER if label.startswith(_BAD) else _SECONDARY


def _menu(name: str, options: Sequence[Button]) -> Json:
    listed = [{"label": one.label[:_OPTION], "value": one.data} for one in options]
    menu = {"type": _SELECT, "custom_id": name, "placeholder": "Choose one", "options": listed}
    return {"type": _ROW, "components": [menu]}


def pressed(data: Json) -> str:
    """The data of the button that was tapped, or chosen from a menu."""
    chosen = data.get("values")
    return str(chosen[0] if chosen else data.get("custom_id", ""))


# --- forms ------------------------------------------------------------------------------------


def form(tapped: str, question: str) -> Json:
    """A form with one question, as the button with the data `tapped` asks it."""
    field = {
        "type": _INPUT,
        "custom_id": _ANSWER,
        "label": _short(question, _TITLE),
        "placeholder": _short(question, _HINT),
        "style": 2,
        "required": True,
        "max_length": _LONGEST_ANSWER,
    }
    rows = [{"type": _ROW, "components": [field]}]
    return {"custom_id": FORM + tapped, "title": _short(question, _TITLE), "components": rows}


def filled(data: Json) -> tuple[Tap | None, str, str]:
    """(the tap that opened the form, its data, what was written)."""
    tapped = str(data.get("custom_id", "")).removeprefix(FORM)
    fields = (field for row in data.get("components", ()) for field in _fields(row))
    written = next((str(f.get("value", "")) for f in fields if f.get("custom_id") == _ANSWER), "")
    return Tap.parse(tapped), tapped, written


def _fields(row: Json) -> Sequence[Json]:
    inner = row.get("component")  # a label holds one, a row several
    return [inner] if isinstance(inner, dict) else row.get("components", ())


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
