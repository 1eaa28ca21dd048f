"""The menu of slash commands, told to Discord only when it is another one."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
from discord.http import Route

from bot.platforms.discord_faults import Rejected, delivery
from handlers.chat import MenuCommand

log = logging.getLogger(__name__)

Json = dict[str, Any]

OPTION = "text"
_CHAT_INPUT, _STRING = 1, 3
_DESCRIPTION = 100
_LONGEST = 6000
_OURS = ("name", "description", "type", "contexts", "integration_types")
_OPTIONS_OURS = ("name", "description", "type", "required", "autocomplete", "max_length")
_PATH = "/applications/{application_id}/commands"


def menu(commands: Sequence[MenuCommand]) -> list[Json]:
    """As Discord wants it. In servers where the bot was added, and in direct messages with it."""
    return [
        {
            "name": row.name,
            "description": row.description[:_DESCRIPTION] or row.name,
            "type": _CHAT_INPUT,
            "contexts": [0, 1],
            "integration_types": [0],
            "options": [_option(row)],
        }
        for row in commands
    ]


def _option(row: MenuCommand) -> Json:
    wanted = bool(row.usage) and not row.usage.startswith("[")
    return {
        "name": OPTION,
        "description": (row.usage or "nothing more is needed")[:_DESCRIPTION],
        "type": _STRING,
        "required": wanted,
        "autocomplete": bool(row.suggests),
        "max_length": _LONGEST,
    }


async def tell_commands(client: discord.Client, commands: Sequence[MenuCommand]) -> bool:
    """Whether Discord was told; False when it knew. Raises DeliveryDelayed.

    Discord allows few changes a day, and people lose a command for a moment at each.
    """
    wanted = menu(commands)
    with delivery():
        known = await client.http.request(_route(client, "GET"))
    if _compared(known) == _compared(wanted):
        return False
    try:
        with delivery():
            await client.http.request(_route(client, "PUT"), json=wanted)
    except Rejected as no:
        log.error("Discord refuses the commands.", extra={"reason": str(no)})
        return False
    log.info("Discord was told the commands.", extra={"commands": len(wanted)})
    return True


def _route(client: discord.Client, method: str) -> Route:
    return Route(method, _PATH, application_id=client.application_id)


def _compared(commands: Sequence[Json]) -> dict[str, Any]:
    """What matters of each command. Discord leaves out what is false and adds ids of its own."""
    return {row["name"]: _features(row) for row in commands}


def _features(row: Json) -> Any:
    options = row.get("options", ())
    said = [[option.get(key) or None for key in _OPTIONS_OURS] for option in options]
    return [[_plain(row.get(key)) for key in _OURS], said]


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def words_of(data: Json) -> str:
    """`/name text`, as if it had been written."""
    options = {option["name"]: option.get("value", "") for option in data.get("options", ())}
    return f"/{data.get('name', '')} {options.get(OPTION, '')}".rstrip()


def typed(data: Json) -> tuple[str, str]:
    """(command, what was typed so far) of an autocomplete."""
    options = {option["name"]: option.get("value", "") for option in data.get("options", ())}
    return str(data.get("name", "")), str(options.get(OPTION, ""))
