"""Interactions: each is acknowledged at once and stored, whichever takes longer.

Discord takes a first answer for three seconds. A slash command is deferred as soon as it is known
who may see the answer, and after a moment anyway; a tap is deferred while it is stored; a tap that
asks for a text opens a form.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, ParleyError
from bot.platforms.discord_bodies import HIDDEN
from bot.platforms.discord_commands import typed
from bot.platforms.discord_components import form, pressed
from bot.platforms.discord_events import (
    Open,
    Whispered,
    identity,
    place_of,
    read_interaction,
    touched,
)
from bot.platforms.discord_faults import ACKNOWLEDGED, Rejected
from bot.platforms.discord_messages import Messages
from bot.platforms.discord_tokens import Token, Tokens
from handlers.chat import Glance, Incoming, Receiver, Suggest, Tap

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]

_GLANCE_SECONDS = 1.0  # how long an acknowledgement waits for what can be said with it
_SUGGEST_SECONDS = 2.0
_DEADLINE = 2.9  # seconds in which Discord takes a first answer
_THINKING = 45.0  # seconds after which "thinking…" is taken away
_LOOK = 5.0
_CHOICES, _CHOICE = 25, 100
_LONGEST_WORDS = 1900
_DEFERRED, _UPDATING, _SUGGESTED, _FORM = 5, 6, 8, 9
_CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"


class Interactions:
    """`receive` stores, and is asked again by itself until it has."""

    def __init__(
        self,
        messages: Messages,
        tokens: Tokens,
        *,
        forms: Mapping[str, str],
        suggest: Suggest | None,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._messages = messages
        self._tokens = tokens
        self._forms = forms
        self._suggest = suggest
        self._pause = pause

    async def take(self, interaction: Interaction, receive: Receiver) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            return await self._propose(interaction)
        if question := self._question(interaction):
            return await self._ask(interaction, question)
        if (incoming := read_interaction(interaction)) is None:
            return None
        token = _token(interaction, incoming)
        if not self._tokens.keep(token):
            await receive(incoming)  # it came twice: known to whoever stores it
            return None
        if incoming.text is None:
            return await self._tapped(interaction, token, receive(incoming))
        return await self._said(interaction, token, receive(incoming))

    # --- taps ---------------------------------------------------------------------------------

    async def _tapped(
        self, interaction: Interaction, token: Token, stored: Awaitable[Glance]
    ) -> None:
        acknowledged = asyncio.create_task(self._answer(interaction, token, {"type": _UPDATING}))
        try:
            glance = await stored
        finally:
            await acknowledged
        if glance.words and token.works:
            await self._tell(token, glance.words)

    async def _tell(self, token: Token, words: str) -> None:
        try:
            await self._messages.tell(token, words[:_LONGEST_WORDS])
        except ParleyError as fault:
            log.info("A tap could not be answered.", extra={"reason": str(fault)})

    def _question(self, interaction: Interaction) -> str:
        """What the tapped button asks for, if it asks for a text."""
        if interaction.type is not discord.InteractionType.component:
            return ""
        tap = Tap.parse(pressed(dict(interaction.data or {})))
        return self._forms.get(tap.verb, "") if tap else ""

    async def _ask(self, interaction: Interaction, question: str) -> None:
        tapped = pressed(dict(interaction.data or {}))
        await self._call(interaction, {"type": _FORM, "data": form(tapped, question)})

    # --- commands and forms -------------------------------------------------------------------

    async def _said(
        self, interaction: Interaction, token: Token, stored: Awaitable[Glance]
    ) -> None:
        """Without a word from the store in time the answer is for the sender alone."""
        storing = asyncio.ensure_future(stored)
        await asyncio.wait({storing}, timeout=_GLANCE_SECONDS)
        known = storing.done() and not storing.cancelled() and storing.exception() is None
        glance = storing.result() if known else Glance(personal=True)
        token.hidden = not token.private and bool(glance.personal or glance.words)
        token.waits = True
        flags = {"data": {"flags": HIDDEN}} if token.hidden else {}
        await self._answer(interaction, token, {"type": _DEFERRED, **flags})
        if words := (await storing).words:
            await self._tell(token, words)

    async def sweep(self) -> None:
        """Nobody is left with "thinking…" when there is nothing to say; runs until cancelled."""
        while True:
            await self._pause(_LOOK)
            for token in self._tokens.overdue(_THINKING):
                await self._withdraw(token)

    async def release(self) -> None:
        """Before the end: what is answered after the next start is a message of its own."""
        for token in self._tokens.overdue(0.0):
            await self._withdraw(token)

    async def _withdraw(self, token: Token) -> None:
        try:
            if await token.ready():
                await self._messages.withdraw(token)
            else:
                token.waits = False
        except ParleyError as fault:
            log.info("A response stays open.", extra={"reason": str(fault)})

    # --- suggestions --------------------------------------------------------------------------

    async def _propose(self, interaction: Interaction) -> None:
        choices = [
            {"name": label[:_CHOICE], "value": words[:_CHOICE]}
            for label, words in await self._suggested(interaction)
            if label and words
        ]
        await self._call(interaction, {"type": _SUGGESTED, "data": {"choices": choices[:_CHOICES]}})

    async def _suggested(self, interaction: Interaction) -> list[tuple[str, str]]:
        if self._suggest is None:
            return []
        command, words = typed(dict(interaction.data or {}))
        place = place_of(interaction.channel, interaction.channel_id or 0)
        try:
            async with asyncio.timeout(_SUGGEST_SECONDS):
                return list(
                    await self._suggest(identity(interaction.user.id), place, command, words)
                )
        except TimeoutError:
            return []
        except Exception:
            log.exception("Nothing could be suggested.")
            return []

    # --- acknowledging ------------------------------------------------------------------------

    async def _answer(self, interaction: Interaction, token: Token, body: dict[str, Any]) -> None:
        token.acknowledge(works=await self._call(interaction, body))

    async def _call(self, interaction: Interaction, body: dict[str, Any]) -> bool:
        """Whether Discord took it. Too late is no fault: what was said or tapped counts."""
        named = {"webhook_id": interaction.id, "webhook_token": interaction.token}
        try:
            async with asyncio.timeout(_DEADLINE):
                await self._messages.call("POST", _CALLBACK, sent={"json": body}, **named)
        except Rejected as no:
            log.info("An interaction was not acknowledged.", extra={"reason": str(no)})
            return no.code == ACKNOWLEDGED
        except (DeliveryRefused, DeliveryDelayed, TimeoutError) as fault:
            log.info("An interaction was not acknowledged.", extra={"reason": str(fault)})
            return False
        return True


def _token(interaction: Interaction, incoming: Incoming) -> Token:
    message = touched(interaction)
    tapped = message if incoming.text is None else None
    return Token(
        Open(interaction.id, interaction.user.id, isinstance(message, Whispered)),
        interaction.application_id,
        interaction.token,
        private=incoming.private,
        message_id=tapped.id if tapped else 0,
    )
