"""A message as Discord's JSON: a plain text, or an embed where it has buttons or a picture."""

import io
from dataclasses import dataclass, replace
from typing import Any

import discord

from agents.domain.errors import DeliveryRefused
from bot.platforms.discord_components import components
from bot.platforms.discord_markup import CONTENT_LIMIT, EMBED_LIMIT, cut, to_markdown, units
from handlers.chat import Outgoing

Json = dict[str, Any]

NOTHING_TO_SAY = "A message without words and picture can't be sent."
NO_LONGER_FITS = "The new text does not fit into the old message."
PICTURE = "picture.png"
HIDDEN = 1 << 6  # flags of a message: seen by one person alone
_SILENT = 1 << 12
_NOBODY = {"parse": [], "replied_user": False}


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of Discord's. `pictured` when it shows a picture, new (`picture`) or old.
    `plain` where embeds may not be sent. `number` counts the pieces of a message."""

    message: Outgoing
    pictured: bool = False
    plain: bool = False
    number: int = 0

    def body(self) -> Json:
        marked = to_markdown(self.message.words)
        boxed = bool(any(self.message.rows) or self.pictured or units(marked) > CONTENT_LIMIT)
        body: Json = {
            "content": marked,
            "embeds": [],
            "components": components(self.message.rows),
            "allowed_mentions": _NOBODY,
        }
        if boxed and not self.plain:
            image = {"image": {"url": f"attachment://{PICTURE}"}} if self.pictured else {}
            body |= {"content": "", "embeds": [{"description": marked, **image}]}
        return body

    def flags(self) -> int:
        return _SILENT if self.message.silent else 0

    def sent(self, body: Json) -> Json:
        """How the library's HTTP client is asked to send `body`, with the picture if it is new."""
        if self.message.picture is None:
            return {"json": body}
        name, kind = PICTURE, "image/png"
        if self.message.file_name:
            name, kind = self.message.file_name, "text/csv"
        file = discord.File(io.BytesIO(self.message.picture), name)
        body = {**body, "attachments": [{"id": 0, "filename": name}]}
        described = {"filename": name, "content_type": kind}
        parts: list[Json] = [
            {"name": "payload_json", "value": discord.utils._to_json(body)},
            {"name": "files[0]", "value": file.fp, **described},
        ]
        return {"form": parts, "files": [file]}


def pieces(message: Outgoing, *, plain: bool = False) -> list[Piece]:
    """Every part in order; buttons and picture are the last one's. Raises DeliveryRefused."""
    limit = CONTENT_LIMIT if plain else EMBED_LIMIT
    parts = cut(message.words, limit)
    picture = None if plain and not message.file_name else message.picture
    if not (parts or picture):
        raise DeliveryRefused(NOTHING_TO_SAY)
    bare = replace(message, rows=(), picture=None, file_name="")
    first = [
        Piece(replace(bare, words=part), plain=plain, number=number)
        for number, part in enumerate(parts[:-1])
    ]
    last = replace(message, words=parts[-1] if parts else message.words, picture=picture)
    pictured = picture is not None and not message.file_name
    return [*first, Piece(last, pictured=pictured, plain=plain, number=len(first))]


def fits(message: Outgoing) -> bool:
    return units(to_markdown(message.words)) <= EMBED_LIMIT
