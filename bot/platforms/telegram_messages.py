"""Sending and editing messages on Telegram, in one layout that edits can rely on.

A message is a text (`12`), a picture with a caption (`p12`), or, where the words are too long for
a caption, a text with its picture above (`13p12`); the text carries the buttons.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from telegram import Bot, InputMediaPhoto, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode

from agents.domain.errors import DeliveryDelayed, DeliveryRefused
from agents.domain.user import Place
from bot.platforms.telegram_faults import Rejected, delivery
from bot.platforms.telegram_markup import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    cut,
    keyboard,
    to_html,
    to_plain,
    units,
)
from handlers.chat import Outgoing, Words

T = TypeVar("T")
log = logging.getLogger(__name__)

NO_LONGER_FITS = "The new text does not fit into the old message."
NOTHING_TO_SAY = "A message without words and picture can't be sent."

_CAPTION_ROOM = 800  # a card that begins as a caption can still grow by its outcome
_PATIENCE = 5  # attempts at the later parts of a message whose first part stands already
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_BAD_MARKUP = "can't parse entities"
_BAD_PICTURE = ("photo_", "image_process", "wrong file", "file is too big")
_UNCHANGED = "message is not modified"
_NOT_THERE = "message to delete not found"
_NO_TOPIC = "message thread not found"
_NOT_A_TEXT = "there is no text in the message"
_REFERENCE = re.compile(r"(\d*)(?:p(\d+))?")


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a message stands; 0 where it has no such part."""

    text: int = 0
    picture: int = 0

    def __str__(self) -> str:
        return (str(self.text) if self.text else "") + (f"p{self.picture}" if self.picture else "")

    @property
    def main(self) -> int:
        """The message that carries words and buttons."""
        return self.text or self.picture

    @classmethod
    def parse(cls, message_id: str) -> "Shown":
        """Raises DeliveryRefused for what is no id of ours."""
        found = _REFERENCE.fullmatch(message_id)
        if not (found and message_id):
            raise DeliveryRefused(f"There is no message {message_id!r} on Telegram.")
        return cls(int(found[1] or 0), int(found[2] or 0))


def _address(place: Place) -> dict[str, Any]:
    thread = {"message_thread_id": int(place.thread)} if place.thread else {}
    return {"chat_id": int(place.chat), **thread}


def _pictured(shown: Shown, message: Outgoing) -> Shown | None:
    """Where a new picture goes: a text can become the caption of one, where it is short enough."""
    if shown.picture:
        return shown
    fits = units(message.words.plain()) <= CAPTION_LIMIT
    return Shown(picture=shown.text) if fits else None


def _piece(message: Outgoing, part: Words, *, is_last: bool) -> Outgoing:
    return replace(message, words=part, rows=message.rows if is_last else ())


class Messages:
    """Raises DeliveryDelayed and DeliveryRefused, and nothing of the library's."""

    def __init__(self, bot: Bot, pause: Callable[[float], Awaitable[None]]) -> None:
        self._bot = bot
        self._pause = pause

    # --- new ones -----------------------------------------------------------------------------

    async def send(self, place: Place, message: Outgoing, reply_to: str = "") -> Shown:
        to = _address(place) | {"disable_notification": message.silent}
        if reply_to:
            to["reply_parameters"] = ReplyParameters(
                Shown.parse(reply_to).main, allow_sending_without_reply=True
            )
        try:
            return await self._send(to, message)
        except Rejected as no:
            if not (no.says(_NO_TOPIC) and place.thread):
                raise
            log.warning("A topic is gone; its message goes to the group.", extra={"place": place})
            return await self._send(to | {"message_thread_id": None}, message)

    async def _send(self, to: dict[str, Any], message: Outgoing) -> Shown:
        if message.file_name:
            return Shown(picture=await self._send_file(to, message))
        if message.picture:
            try:
                return await self._send_picture(to, message, message.picture)
            except Rejected as no:
                if not no.says(*_BAD_PICTURE):
                    raise
                log.warning("Telegram refused a picture.", extra={"reason": str(no)})
        return Shown(text=await self._send_texts(to, message))

    async def _send_picture(self, to: dict[str, Any], message: Outgoing, picture: bytes) -> Shown:
        if units(message.words.plain()) <= _CAPTION_ROOM:
            return Shown(picture=await self._send_captioned(to, message, picture))
        above = await self._post(self._bot.send_photo, photo=picture, **to)
        rest = to | {"reply_parameters": None, "disable_notification": True}
        return Shown(await self._patiently(partial(self._send_texts, rest, message)), above)

    async def _send_captioned(self, to: dict[str, Any], message: Outgoing, picture: bytes) -> int:
        return await self._marked_up(
            message.words,
            lambda marked: self._post(
                self._bot.send_photo,
                photo=picture,
                caption=marked["text"],
                parse_mode=marked["parse_mode"],
                reply_markup=keyboard(message.rows),
                **to,
            ),
        )

    async def _send_file(self, to: dict[str, Any], message: Outgoing) -> int:
        return await self._marked_up(
            message.words,
            lambda marked: self._post(
                self._bot.send_document,
                document=message.picture,
                filename=message.file_name,
                caption=marked["text"],
                parse_mode=marked["parse_mode"],
                reply_markup=keyboard(message.rows),
                **to,
            ),
        )

    async def _send_texts(self, to: dict[str, Any], message: Outgoing) -> int:
        """Every part in order, buttons on the last; the last one's id."""
        parts = cut(message.words)
        if not parts:
            raise DeliveryRefused(NOTHING_TO_SAY)
        head, *tail = parts
        last = await self._send_text(to, _piece(message, head, is_last=not tail))
        rest = to | {"reply_parameters": None, "disable_notification": True}
        for part in tail:
            piece = _piece(message, part, is_last=part is tail[-1])
            last = await self._patiently(partial(self._send_text, rest, piece))
        return last

    async def _send_text(self, to: dict[str, Any], message: Outgoing) -> int:
        return await self._marked_up(
            message.words,
            lambda marked: self._post(
                self._bot.send_message,
                **marked,
                reply_markup=keyboard(message.rows),
                link_preview_options=_NO_PREVIEW,
                **to,
            ),
        )

    async def _patiently(self, send: Callable[[], Awaitable[int]]) -> int:
        """The rest of a message: waiting here is better than saying its beginning twice."""
        for _ in range(_PATIENCE):
            try:
                return await send()
            except DeliveryDelayed as delay:
                await self._pause(delay.retry_after or 1.0)
        return await send()

    # --- changed ones -------------------------------------------------------------------------

    async def edit(self, place: Place, shown: Shown, message: Outgoing) -> None:
        try:
            await self._edit(place, shown, message)
        except Rejected as no:
            if not (no.says(_NOT_A_TEXT) and not shown.picture):
                raise
            # A tap on an old message does not say that it was a picture.
            await self._edit(place, Shown(picture=shown.text), message)

    async def _edit(self, place: Place, shown: Shown, message: Outgoing) -> None:
        limit = TEXT_LIMIT if shown.text else CAPTION_LIMIT
        if units(message.words.plain()) > limit:
            await self._disarm(place, shown)
            raise DeliveryRefused(NO_LONGER_FITS)
        if message.picture and (target := _pictured(shown, message)):
            try:
                return await self._edit_picture(place, target, message, message.picture)
            except Rejected as no:
                if not no.says(*_BAD_PICTURE):
                    raise
                log.warning("Telegram refused a picture.", extra={"reason": str(no)})
        return await self._edit_words(place, shown, message)

    async def _edit_picture(
        self, place: Place, shown: Shown, message: Outgoing, picture: bytes
    ) -> None:
        if shown.text:
            await self._change(
                self._bot.edit_message_media, place, shown.picture, media=InputMediaPhoto(picture)
            )
            return await self._edit_words(place, shown, message)
        return await self._marked_up(
            message.words,
            lambda marked: self._change(
                self._bot.edit_message_media,
                place,
                shown.picture,
                media=InputMediaPhoto(
                    picture, caption=marked["text"], parse_mode=marked["parse_mode"]
                ),
                reply_markup=keyboard(message.rows),
            ),
        )

    async def _edit_words(self, place: Place, shown: Shown, message: Outgoing) -> None:
        def change(marked: dict[str, Any]) -> Awaitable[None]:
            markup = keyboard(message.rows)
            if shown.text:
                marked = marked | {"link_preview_options": _NO_PREVIEW}
                method: Callable[..., Awaitable[Any]] = self._bot.edit_message_text
            else:
                marked = {"caption": marked["text"], "parse_mode": marked["parse_mode"]}
                method = self._bot.edit_message_caption
            return self._change(method, place, shown.main, reply_markup=markup, **marked)

        await self._marked_up(message.words, change)

    async def _disarm(self, place: Place, shown: Shown) -> None:
        """Take the buttons away from a message that can't be brought up to date."""
        try:
            await self._change(
                self._bot.edit_message_reply_markup, place, shown.main, reply_markup=None
            )
        except Rejected as no:
            log.info("Old buttons could not be removed.", extra={"reason": str(no)})

    async def remove(self, place: Place, number: int) -> None:
        try:
            with delivery():
                await self._bot.delete_message(int(place.chat), number)
        except Rejected as no:
            if not no.says(_NOT_THERE):
                raise

    # --- both ---------------------------------------------------------------------------------

    async def _marked_up(self, words: Words, call: Callable[[dict[str, Any]], Awaitable[T]]) -> T:
        """With styles; without them where Telegram can't read the markup."""
        try:
            return await call({"text": to_html(words), "parse_mode": ParseMode.HTML})
        except Rejected as no:
            if not no.says(_BAD_MARKUP):
                raise
            log.warning("Telegram can't read a text's markup.", extra={"reason": str(no)})
            return await call({"text": to_plain(words), "parse_mode": None})

    async def _post(self, method: Callable[..., Awaitable[Any]], **options: Any) -> int:
        with delivery():
            return int((await method(**options)).message_id)

    async def _change(
        self, method: Callable[..., Awaitable[Any]], place: Place, number: int, **options: Any
    ) -> None:
        try:
            with delivery():
                await method(chat_id=int(place.chat), message_id=number, **options)
        except Rejected as no:
            if not no.says(_UNCHANGED):
                raise
            log.debug("An edit changed nothing.", extra={"message_id": number})
