"""Addresses that open a chat and say /start there."""

from bot.platforms.telegram import TelegramPlatform
from tests.bot.platforms.conftest import ANN, Desk
from tests.support.telegram_server import TelegramServer


async def test_an_address_names_the_bot_and_comes_back_as_a_command(
    desk: Desk, server: TelegramServer
) -> None:
    address = desk.platform.start_link("share_ABC234")
    name, _, words = address.removeprefix("https://t.me/").partition("?start=")
    assert name and words == "share_ABC234"
    server.say(ANN, ANN, f"/start {words}")  # what Telegram sends when the button there is pressed
    [heard] = await desk.heard()
    assert heard.text == "/start share_ABC234"


async def test_before_the_first_contact_there_is_none(server: TelegramServer) -> None:
    assert TelegramPlatform(server.token, server.url).start_link("share_ABC234") == ""
