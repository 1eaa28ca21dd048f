"""Interactions: what people do with commands, buttons, menus and forms, and how a bot answers.

Discord's rules: one acknowledgement within 3 seconds, then a token that lives 15 minutes.
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from tests.support.discord_checks import check_choices, check_form
from tests.support.discord_rest import Call, Rest, unknown
from tests.support.discord_rules import ApiError, invalid
from tests.support.discord_world import BOT_ID, EPHEMERAL, LOADING, Channel, Message, World

COMMAND, COMPONENT, COMPLETION, FORM = 2, 3, 4, 5
SAY, THINK, WAIT, REDRAW, COMPLETE, ASK = 4, 5, 6, 7, 8, 9
DEADLINE, LIFE = 3.0, 900.0  # seconds to the acknowledgement, and of the token
_ALLOWED = {
    COMMAND: {SAY, THINK, ASK},
    COMPONENT: {SAY, THINK, WAIT, REDRAW, ASK},
    COMPLETION: {COMPLETE},
    FORM: {SAY, THINK, WAIT, REDRAW},
}


@dataclass
class Interaction:
    """`answered` is the type of the acknowledgement, 0 without one; `tapped` the message whose
    control was used; `response` the id of the message that it answered with (or redrew)."""

    id: int
    token: str
    type: int
    person: int
    channel: Channel
    data: dict[str, Any]
    born: float
    started: float
    tapped: Message | None = None
    answered: int = 0
    delay: float = 0
    response: int = 0
    form: dict[str, Any] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)
    late: bool = False

    @property
    def acknowledged(self) -> bool:
        return bool(self.answered)


class Interactions:
    """`hurried` counts the three seconds in real time, too, as Discord does."""

    def __init__(self, world: World, rest: Rest) -> None:
        self.world = world
        self.rest = rest
        self.all: dict[int, Interaction] = {}
        self.hurried = False
        token = r"(\w+)"
        hooks = rf"/webhooks/{BOT_ID}/{token}"
        routes = (
            ("POST", rf"/interactions/(\d+)/{token}/callback", self.callback),
            ("POST", hooks, self.follow_up),
            ("GET", rf"{hooks}/messages/(@original|\d+)", self.get),
            ("PATCH", rf"{hooks}/messages/(@original|\d+)", self.edit),
            ("DELETE", rf"{hooks}/messages/(@original|\d+)", self.delete),
        )
        self.routes = [(verb, re.compile(path), method) for verb, path, method in routes]

    # --- people -------------------------------------------------------------------------------

    def begin(
        self,
        kind: int,
        person: int,
        channel: Channel,
        data: dict[str, Any],
        tapped: Message | None = None,
    ) -> Interaction:
        number = self.world.snowflake()
        born, started = self.world.elapsed, monotonic()
        begun = Interaction(
            number, f"token{number}", kind, person, channel, data, born, started, tapped
        )
        self.all[number] = begun
        self.world.emit("INTERACTION_CREATE", self.event(begun))
        self.world.changed()
        return begun

    def event(self, one: Interaction) -> dict[str, Any]:
        channel, guild = one.channel, one.channel.guild
        may = str(int(self.world.permissions(channel, one.person)))
        body: dict[str, Any] = {
            "id": str(one.id),
            "application_id": str(BOT_ID),
            "type": one.type,
            "data": one.data,
            "token": one.token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": self.world.channel_json(channel) | {"permissions": may},
            "app_permissions": str(int(self.world.permissions(channel, BOT_ID))),
            "locale": self.world.users[one.person].get("locale", "en-US"),
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 0 if guild else 1,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if one.tapped:
            body["message"] = one.tapped.as_json()
        if guild is None:
            return body | {"user": self.world.users[one.person]}
        member = self.world.member_json(guild, one.person) | {"permissions": may}
        home = {"id": str(guild.id), "locale": "en-US", "features": []}
        return body | {"guild_id": str(guild.id), "guild": home, "member": member}

    # --- the acknowledgement ------------------------------------------------------------------

    def callback(self, call: Call, number: int, token: str) -> Any:
        one = self.all.get(number)
        if one is None or one.token != token or self._too_late(one):
            raise unknown(10062, "interaction")
        if one.answered:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind not in _ALLOWED[one.type] or (kind in (WAIT, REDRAW) and one.tapped is None):
            raise invalid("type", f"Callback {kind} does not answer interaction {one.type}.")
        self._answer(one, kind, data, call)
        one.answered, one.delay = kind, monotonic() - one.started
        self.world.changed()
        return self._told(one) if call.query.get("with_response") else None

    def _too_late(self, one: Interaction) -> bool:
        age = self.world.elapsed - one.born
        if self.hurried:
            age = max(age, monotonic() - one.started)
        one.late = one.late or (not one.answered and age >= DEADLINE)
        return one.late

    def _answer(self, one: Interaction, kind: int, data: dict[str, Any], call: Call) -> None:
        if kind == COMPLETE:
            check_choices(data)
            one.choices = [(row["name"], row["value"]) for row in data["choices"]]
        elif kind == ASK:
            check_form(data)
            one.form = data
        elif kind in (WAIT, REDRAW):
            assert one.tapped
            one.response = one.tapped.id
            if kind == REDRAW:
                self._redraw(one.tapped, call, data)
        else:
            self._say(one, call, data, thinking=kind == THINK)

    def _say(
        self, one: Interaction, call: Call, data: Mapping[str, Any], *, thinking: bool = False
    ) -> Message:
        flags = int(data.get("flags") or 0) & EPHEMERAL
        message = Message(self.world.snowflake(), one.channel, self.world.users[BOT_ID])
        message.flags = flags | (LOADING if thinking else 0)
        message.only_for = one.person if flags else 0
        message.token = one.token
        if not thinking:
            self.rest.fill(message, call, data)
        one.response = one.response or message.id
        return self.world.add(message)

    def _redraw(self, message: Message, call: Call, data: Mapping[str, Any]) -> None:
        self.rest.fill(message, call, data)
        message.flags &= ~LOADING
        self.rest.changed(message)

    def _told(self, one: Interaction) -> dict[str, Any]:
        message = self.world.messages.get(one.response)
        told: dict[str, Any] = {"id": str(one.id), "type": one.type}
        resource: dict[str, Any] = {"type": one.answered}
        if message:
            told |= {
                "response_message_id": str(message.id),
                "response_message_loading": message.loading,
                "response_message_ephemeral": message.ephemeral,
            }
            resource["message"] = message.as_json()
        return {"interaction": told, "resource": resource}

    # --- afterwards ---------------------------------------------------------------------------

    def follow_up(self, call: Call, token: str) -> Any:
        """The first one after "thinking" takes its place, ephemeral or not as that was."""
        one = self._alive(token)
        thinking = self.world.messages.get(one.response)
        if thinking and thinking.loading and one.answered == THINK:
            self._redraw(thinking, call, call.body)
            return thinking.as_json()
        return self._say(one, call, call.body).as_json()

    def _alive(self, token: str) -> Interaction:
        found = next((one for one in self.all.values() if one.token == token), None)
        if found is None or not found.answered:
            raise unknown(10015, "Webhook")
        if self.world.elapsed - found.born >= LIFE:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return found

    def _message(self, token: str, which: str) -> Message:
        one = self._alive(token)
        number = one.response if which == "@original" else int(which)
        message = self.world.messages.get(number)
        if message is None or not (message.token == token or number == one.response):
            raise unknown(10008, "Message")
        return message

    def get(self, call: Call, token: str, which: str) -> Any:
        return self._message(token, which).as_json()

    def edit(self, call: Call, token: str, which: str) -> Any:
        message = self._message(token, which)
        self._redraw(message, call, call.body)
        return message.as_json()

    def delete(self, call: Call, token: str, which: str) -> None:
        self.rest.remove(self._message(token, which))
