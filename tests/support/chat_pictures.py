"""Conversations as the chat clients show them, drawn by the browser: for looking at, and for docs.

Not the clients themselves, which can't be had here: their layout, widths, fonts and colours, with
the messages exactly as the stand-in servers received them.
"""

import base64
import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import discord_world, telegram_world

_TAGS = {
    "bold": "b",
    "italic": "i",
    "code": "code",
    "pre": "pre",
    "b": "b",
    "i": "i",
    "underline": "u",
    "strike": "s",
}

_COMMON = """
* { box-sizing: border-box; margin: 0 }
body { font: 15px/1.38 "Noto Sans", "DejaVu Sans", "Noto Color Emoji", sans-serif; padding: 14px }
pre, code { font: 13px/1.35 "DejaVu Sans Mono", "Noto Color Emoji", monospace }
pre { white-space: pre-wrap; margin: 4px 0; padding: 6px 8px; border-radius: 6px }
.text { white-space: pre-wrap; overflow-wrap: anywhere }
img { display: block; width: 100%; border-radius: 8px }
.row { display: flex; gap: 6px; margin-top: 6px }
.head { font-weight: 600; padding: 0 2px 10px }
"""
_TELEGRAM = """
body { background: #cfdde4; width: 430px }
.message { background: #fff; border-radius: 14px 14px 14px 4px; padding: 8px 10px; margin: 0 0 8px;
  box-shadow: 0 1px 1px #0002; max-width: 400px }
.mine { background: #e5ffd0; margin-left: auto; border-radius: 14px 14px 4px 14px;
  width: fit-content }
.who { color: #3a82c4; font-weight: 600; font-size: 13.5px }
.reply { border-left: 3px solid #3a82c4; padding: 1px 8px; margin: 2px 0 4px; font-size: 13px;
  color: #555; background: #3a82c412; border-radius: 4px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis }
pre, code { background: #eef2f5 }
img { margin-bottom: 6px }
.button { flex: 1; background: #5b87a3cc; color: #fff; border-radius: 8px; padding: 7px 6px;
  text-align: center; font-weight: 500; font-size: 13.5px; white-space: nowrap; overflow: hidden }
.edited { color: #89a; font-size: 12px; text-align: right }
"""
_DISCORD = """
body { background: #313338; color: #dbdee1; width: 560px }
.head { color: #f2f3f5 }
.message { padding: 4px 2px 10px 52px; position: relative }
.message::before { content: attr(data-initial); position: absolute; left: 4px; top: 6px;
  width: 38px; height: 38px; border-radius: 50%; background: #5865f2; color: #fff; display: grid;
  place-items: center; font-weight: 600 }
.mine::before { background: #3ba55c }
.who { color: #f2f3f5; font-weight: 600 }
.app { background: #5865f2; color: #fff; font-size: 10.5px; border-radius: 4px; padding: 1px 5px;
  margin-left: 6px; font-weight: 600 }
.reply { color: #b5bac1; font-size: 13px; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis }
.embed { background: #2b2d31; border-left: 4px solid #5865f2; border-radius: 4px;
  padding: 10px 14px; margin-top: 4px; max-width: 480px }
.embed img { margin-top: 10px }
pre, code { background: #1e1f22 }
.row { flex-wrap: wrap; max-width: 500px }
.button { background: #4e5058; color: #fff; border-radius: 4px; padding: 6px 14px; font-size: 14px }
.menu { background: #1e1f22; border-radius: 4px; padding: 8px 12px; width: 400px; color: #949ba4 }
.private { color: #949ba4; font-size: 12px }
.edited { color: #949ba4; font-size: 11px }
"""


@dataclass(frozen=True)
class Shown:
    """One message. `body` is HTML; `buttons` are labels, row by row."""

    who: str
    body: str
    mine: bool = False
    reply: str = ""
    picture: bytes | None = None
    buttons: Sequence[Sequence[str]] = ()
    note: str = ""
    embed: bool = False


@dataclass
class Chat:
    """A conversation under its title. `client` is `telegram` or `discord`."""

    client: str
    title: str
    messages: list[Shown] = field(default_factory=list)


def marked(spans: Iterable[tuple[str, str]]) -> str:
    shown, after_block = "", False
    for style, words in spans:
        shown += _span(style, words.removeprefix("\n") if after_block else words)
        after_block = _TAGS.get(style) == "pre"
    return shown


def _span(style: str, words: str) -> str:
    tag = _TAGS.get(style)
    inner = html.escape(words.strip("\n") if tag == "pre" else words)
    return f"<{tag}>{inner}</{tag}>" if tag else inner


# --- from the stand-ins ---------------------------------------------------------------------------


def of_telegram(title: str, messages: Iterable[telegram_world.Message]) -> Chat:
    every = list(messages)
    known = {message.id: message for message in every}
    return Chat("telegram", title, [_telegram(message, known) for message in every])


def _telegram(message: telegram_world.Message, known: dict[int, telegram_world.Message]) -> Shown:
    sender = message.sender or {}
    mine = not sender.get("is_bot", False) and bool(sender)
    answered = known.get(message.reply_to)
    return Shown(
        who="" if mine else str(sender.get("first_name", "Parley")),
        body=marked(_in_order(message.text, message.spans)),
        mine=mine,
        reply=_first_line(answered.text) if answered else "",
        picture=message.photo,
        buttons=[[button["text"] for button in row] for row in message.keyboard],
        note="edited" if message.edits else "",
    )


def _in_order(text: str, spans: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The text as runs of one style each; `spans` follow each other in it."""
    at = 0
    for tag, words in spans:
        start = text.index(words, at)
        yield "", text[at:start]
        yield tag, words
        at = start + len(words)
    yield "", text[at:]


def of_discord(title: str, messages: Iterable[discord_world.Message]) -> Chat:
    every = list(messages)
    known = {message.id: message for message in every}
    return Chat("discord", title, [_discord(message, known) for message in every])


def _discord(message: discord_world.Message, known: dict[int, discord_world.Message]) -> Shown:
    answered = known.get(message.reply_to)
    name = message.author.get("global_name") or message.author.get("username") or "Parley"
    notes = ["Only you can see this"] if message.ephemeral else []
    return Shown(
        who=str(name),
        body=marked(message.spans),
        mine=not message.from_bot,
        reply=_first_line(answered.text) if answered else "",
        picture=message.picture,
        buttons=[list(_labels(row)) for row in message.components],
        note=" · ".join([*notes, *(["edited"] if message.edits else [])]),
        embed=bool(message.embeds),
    )


def _labels(row: dict[str, Any]) -> Iterator[str]:
    for one in row.get("components", ()):
        if one["type"] == 2:
            yield discord_world.label_of(one)
        else:
            yield f"▾ {one.get('placeholder') or 'Choose'}"


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]


# --- drawing --------------------------------------------------------------------------------------


def page(chat: Chat) -> str:
    style = _TELEGRAM if chat.client == "telegram" else _DISCORD
    inside = "".join(_message(chat.client, one) for one in chat.messages)
    head = f'<div class="head">{html.escape(chat.title)}</div>'
    return f"<!doctype html><meta charset=utf-8><style>{_COMMON}{style}</style>{head}{inside}"


def _message(client: str, shown: Shown) -> str:
    app = '<span class="app">APP</span>' if client == "discord" and not shown.mine else ""
    who = f'<div class="who">{html.escape(shown.who)}{app}</div>' if shown.who else ""
    reply = f'<div class="reply">{html.escape(shown.reply)}</div>' if shown.reply else ""
    note = f'<div class="edited">{html.escape(shown.note)}</div>' if shown.note else ""
    kind = "message mine" if shown.mine else "message"
    initial = html.escape(shown.who[:1] or "P")
    body, buttons = _body(client, shown), "".join(map(_row, shown.buttons))
    return f'<div class="{kind}" data-initial="{initial}">{reply}{who}{body}{note}{buttons}</div>'


def _body(client: str, shown: Shown) -> str:
    text = f'<div class="text">{shown.body}</div>'
    picture = ""
    if shown.picture:
        data = base64.b64encode(shown.picture).decode()
        picture = f'<img src="data:image/png;base64,{data}">'
    if client == "telegram":
        return picture + text
    return f'<div class="embed">{text}{picture}</div>' if shown.embed else text + picture


def _row(labels: Sequence[str]) -> str:
    return (
        '<div class="row">'
        + "".join(f'<div class="button">{html.escape(label)}</div>' for label in labels)
        + "</div>"
    )


async def draw(context: Any, chat: Chat, file: Path) -> None:
    """A PNG of the whole conversation; `context` is a browser's (see tests.support.chromium)."""
    one = await context.new_page()
    await one.set_content(page(chat))
    for picture in await one.locator("img").all():
        await picture.evaluate("image => image.decode()")
    await one.locator("body").screenshot(path=file)
    await one.close()
