"""What the conversation says stands on Telegram as it was meant, or the caller learns why not."""

import asyncio
import logging
from dataclasses import replace

import pytest

from agents.domain.errors import DeliveryDelayed, DeliveryRefused, PlaceGone, PlaceMoved
from agents.domain.user import Place
from bot.platforms.telegram_messages import NO_LONGER_FITS
from handlers.chat import Button, Outgoing, bold, code, lines, pre, text
from tests.bot.platforms.conftest import ANN, Desk, MakeDesk

GROUP, FORUM, CHANNEL = -500, -1001234567890, -1009876543210
HOME = Place("telegram", str(ANN))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
OTHER_PNG = PNG + b"1"
ROWS = (
    (Button("✅ Approve", "approve", 7, 2), Button("❌ Veto", "veto", 7, 2)),
    (Button("🔎 Details", "details", 7, 2),),
)


async def test_a_text_with_buttons(desk: Desk) -> None:
    words = lines(bold("Ann <b>&"), code("rsi(14) < 30"), pre("a  1\nb  2"), "עברית 🚀")
    sent = await desk.platform.send(HOME, Outgoing(words, ROWS))
    message = desk.server.last(ANN)
    assert sent == str(message.id)
    assert message.text == "Ann <b>&\nrsi(14) < 30\na  1\nb  2\nעברית 🚀"
    assert message.spans == [("b", "Ann <b>&"), ("code", "rsi(14) < 30"), ("pre", "a  1\nb  2")]
    assert message.keyboard == [
        [
            {"text": "✅ Approve", "callback_data": "approve:7:2"},
            {"text": "❌ Veto", "callback_data": "veto:7:2"},
        ],
        [{"text": "🔎 Details", "callback_data": "details:7:2"}],
    ]
    assert not message.silent


async def test_a_silent_answer_in_a_topic(desk: Desk) -> None:
    desk.server.group(FORUM, forum=True)
    place = Place("telegram", str(FORUM), str(desk.server.topic(FORUM)))
    card = await desk.platform.send(place, Outgoing(text("card")))
    await desk.platform.send(place, Outgoing(text("Filled"), silent=True), reply_to=card)
    message = desk.server.last(FORUM)
    assert (message.thread, message.reply_to) == (int(place.thread), int(card))
    assert message.silent


async def test_an_answer_to_a_deleted_card_is_sent_all_the_same(desk: Desk) -> None:
    await desk.platform.send(HOME, Outgoing(text("Filled")), reply_to="p99")
    assert desk.server.last(ANN).reply_to == 0


async def test_a_message_to_a_lost_topic_goes_to_the_group(desk: Desk) -> None:
    desk.server.group(FORUM, forum=True)
    await desk.platform.send(Place("telegram", str(FORUM), "77"), Outgoing(text("Filled")))
    assert desk.server.last(FORUM).thread == 0


async def test_a_channel_can_be_written_to(desk: Desk) -> None:
    desk.server.channel(CHANNEL)
    await desk.platform.send(Place("telegram", str(CHANNEL)), Outgoing(text("Signal"), ROWS))
    assert desk.server.last(CHANNEL).text == "Signal"


async def test_a_long_text_is_several_messages_with_the_buttons_last(desk: Desk) -> None:
    words = lines("head", *(f"line {n} 🚀" for n in range(700)))
    sent = await desk.platform.send(HOME, Outgoing(words, ROWS), reply_to="5")
    parts = desk.server.messages(ANN)
    assert "\n".join(part.text for part in parts) == words.plain()
    assert [bool(part.keyboard) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [part.silent for part in parts] == [False] + [True] * (len(parts) - 1)
    assert sent == str(parts[-1].id)


async def test_a_long_text_waits_for_telegram_rather_than_begin_again(desk: Desk) -> None:
    words = text("a" * 4096 + "b" * 10)

    async def flood_the_rest() -> None:
        await desk.server.wait_for(lambda: desk.server.messages(ANN))
        desk.server.flood(7, times=2)

    flooding = asyncio.create_task(flood_the_rest())
    await desk.platform.send(HOME, Outgoing(words))
    await flooding
    assert [len(part.text) for part in desk.server.messages(ANN)] == [4096, 10]


async def test_a_picture_with_a_caption(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(bold("Buy BTC?"), ROWS, PNG))
    message = desk.server.last(ANN)
    assert sent == f"p{message.id}"
    assert (message.text, message.photo, len(message.buttons)) == ("Buy BTC?", PNG, 3)


async def test_a_file_is_a_document_with_a_caption(desk: Desk) -> None:
    file = Outgoing(bold("Your journal"), ROWS, b"id,net\n", file_name="journal.csv")
    sent = await desk.platform.send(HOME, file)
    message = desk.server.last(ANN)
    assert (message.text, message.document, message.photo) == ("Your journal", b"id,net\n", None)
    await desk.platform.edit(HOME, sent, Outgoing(text("Sent.")))
    assert (message.text, message.buttons) == ("Sent.", [])


async def test_long_words_stand_below_their_picture(desk: Desk) -> None:
    words = text("x" * 1500)
    sent = await desk.platform.send(HOME, Outgoing(words, ROWS, PNG))
    picture, message = desk.server.messages(ANN)
    assert sent == f"{message.id}p{picture.id}"
    assert (picture.photo, picture.text, picture.buttons) == (PNG, "", [])
    assert (message.text, len(message.buttons)) == ("x" * 1500, 3)
    await desk.platform.edit(HOME, sent, Outgoing(text("done"), (), OTHER_PNG))
    assert (message.text, message.buttons, picture.photo) == ("done", [], OTHER_PNG)


async def test_a_refused_picture_never_loses_the_words(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS, b"not a picture"))
    message = desk.server.last(ANN)
    assert sent == str(message.id)
    assert (message.text, message.photo, len(message.buttons)) == ("Buy BTC?", None, 3)


async def test_a_caption_is_edited_with_and_without_a_new_picture(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS, PNG))
    message = desk.server.last(ANN)
    await desk.platform.edit(HOME, sent, Outgoing(text("Approved"), ROWS[1:]))
    assert (message.text, message.photo, message.buttons) == ("Approved", PNG, ["🔎 Details"])
    await desk.platform.edit(HOME, sent, Outgoing(text("Filled"), (), OTHER_PNG))
    assert (message.text, message.photo, message.buttons) == ("Filled", OTHER_PNG, [])


async def test_a_new_picture_that_is_refused_leaves_the_old_one(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS, PNG))
    await desk.platform.edit(HOME, sent, Outgoing(text("Filled"), (), b"no picture"))
    message = desk.server.last(ANN)
    assert (message.text, message.photo, message.buttons) == ("Filled", PNG, [])


async def test_a_text_can_gain_a_picture_and_be_edited_on(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("status"), ROWS))
    await desk.platform.edit(HOME, sent, Outgoing(text("chart"), ROWS, PNG))
    message = desk.server.last(ANN)
    assert (message.text, message.photo) == ("chart", PNG)
    await desk.platform.edit(HOME, sent, Outgoing(text("again"), ROWS, OTHER_PNG))
    await desk.platform.edit(HOME, sent, Outgoing(text("done")))
    assert (message.text, message.photo, message.buttons) == ("done", OTHER_PNG, [])


async def test_a_text_too_long_for_a_caption_stays_a_text(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("status"), ROWS))
    await desk.platform.edit(HOME, sent, Outgoing(text("x" * 2000), ROWS, PNG))
    assert (len(desk.server.last(ANN).text), desk.server.last(ANN).photo) == (2000, None)


async def test_an_edit_that_changes_nothing_is_fine(desk: Desk) -> None:
    for picture in (None, PNG):
        card = Outgoing(text("Buy BTC?"), ROWS, picture)
        sent = await desk.platform.send(HOME, card)
        await desk.platform.edit(HOME, sent, card)
        await desk.platform.edit(HOME, sent, replace(card, picture=None))


async def test_a_tap_on_an_old_picture_does_not_know_that_it_is_one(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS, PNG))
    await desk.platform.edit(HOME, sent.removeprefix("p"), Outgoing(text("Expired")))
    assert (desk.server.last(ANN).text, desk.server.last(ANN).buttons) == ("Expired", [])


@pytest.mark.parametrize(("picture", "limit"), [(PNG, 1024), (None, 4096)])
async def test_an_edit_that_no_longer_fits_takes_the_buttons_away(
    desk: Desk, picture: bytes | None, limit: int
) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS, picture))
    await desk.platform.edit(HOME, sent, Outgoing(text("x" * limit), ROWS))
    with pytest.raises(DeliveryRefused, match=NO_LONGER_FITS):
        await desk.platform.edit(HOME, sent, Outgoing(text("x" * (limit + 1)), ROWS))
    assert desk.server.last(ANN).buttons == []


async def test_a_message_that_is_gone_can_not_be_edited(desk: Desk) -> None:
    sent = await desk.platform.send(HOME, Outgoing(text("Buy BTC?"), ROWS))
    del desk.server.world.messages[int(sent)]
    with pytest.raises(DeliveryRefused, match="Message to edit not found"):
        await desk.platform.edit(HOME, sent, Outgoing(text("Expired")))


async def test_somebody_elses_message_can_not_be_edited(desk: Desk) -> None:
    said = desk.server.say(ANN, ANN, "hello")
    with pytest.raises(DeliveryRefused, match="can't be edited"):
        await desk.platform.edit(HOME, str(said.id), Outgoing(text("x")))
    with pytest.raises(DeliveryRefused):
        await desk.platform.edit(HOME, "discord-7", Outgoing(text("x")))


async def test_a_blocked_bot_is_told_that_the_place_is_gone(desk: Desk) -> None:
    desk.server.block(ANN, ANN)
    with pytest.raises(PlaceGone, match="I was blocked there"):
        await desk.platform.send(HOME, Outgoing(text("Filled")))
    with pytest.raises(PlaceGone, match="does not exist any more"):
        await desk.platform.send(Place("telegram", "987654321"), Outgoing(text("Filled")))


async def test_a_migrated_group_names_its_new_id(desk: Desk) -> None:
    desk.server.group(GROUP)
    desk.server.migrate(GROUP, FORUM)
    with pytest.raises(PlaceMoved) as moved:
        await desk.platform.send(Place("telegram", str(GROUP)), Outgoing(text("Filled")))
    assert moved.value.chat == str(FORUM)


async def test_a_flood_says_how_long_to_wait(desk: Desk) -> None:
    desk.server.flood(17, times=2)
    with pytest.raises(DeliveryDelayed) as delay:
        await desk.platform.send(HOME, Outgoing(text("Filled")))
    assert delay.value.retry_after == 17
    with pytest.raises(DeliveryDelayed):
        await desk.platform.edit(HOME, "5", Outgoing(text("Filled")))


@pytest.mark.parametrize("kind", ["refuse", "502"])
async def test_an_outage_is_a_delay_and_no_traceback(
    desk: Desk, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.server.set_outage(kind)
    with pytest.raises(DeliveryDelayed, match="can't be reached"):
        await desk.platform.send(HOME, Outgoing(text("Filled")))
    await desk.platform.typing(HOME)  # never raises
    await desk.ailing()
    assert not any(record.exc_info for record in caplog.records)


async def test_a_lost_answer_is_a_delay(desk: Desk) -> None:
    desk.server.lost_answers["sendmessage"] = 1
    with pytest.raises(DeliveryDelayed):
        await desk.platform.send(HOME, Outgoing(text("Filled")))
    assert desk.server.last(ANN).text == "Filled"


async def test_a_wrong_token_delays_and_is_not_quoted(make_desk: MakeDesk) -> None:
    async with make_desk(token="123:wrong") as desk:
        with pytest.raises(DeliveryDelayed, match="BotFather") as fault:
            await desk.platform.send(HOME, Outgoing(text("Filled")))
    assert "123:wrong" not in str(fault.value)


async def test_markup_that_telegram_refuses_is_sent_plain(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.world.refuse_markup = True
    await desk.platform.send(HOME, Outgoing(bold("Buy <BTC>?"), ROWS))
    message = desk.server.last(ANN)
    assert (message.text, message.spans, len(message.buttons)) == ("Buy <BTC>?", [], 3)
    assert [r.levelno for r in caplog.records if r.name.startswith("bot.")] == [logging.WARNING]


async def test_nothing_to_say_is_refused(desk: Desk) -> None:
    with pytest.raises(DeliveryRefused):
        await desk.platform.send(HOME, Outgoing(text("  \n")))


async def test_a_sign_of_life(desk: Desk) -> None:
    await desk.platform.typing(HOME)
    assert desk.server.world.actions == [(ANN, "typing")]


async def test_links_show_no_preview(desk: Desk) -> None:
    await desk.platform.send(HOME, Outgoing(text("https://example.org")))
    sent = [call for call in desk.server.calls if call.method == "sendmessage"]
    assert sent[-1].params["link_preview_options"] == '{"is_disabled": true}'


async def test_groups_have_a_limit_more_and_edits_one_of_their_own(desk: Desk) -> None:
    def names(chat: str, *, edit: bool) -> list[str]:
        return [pace.name for pace in desk.platform.paces(Place("telegram", chat), edit=edit)]

    assert names("42", edit=False) == ["all", "in 42"]
    assert names("42", edit=True) == ["all", "edits in 42"]
    assert names("-5", edit=False) == ["all", "in -5", "in -5 by minute"]
    assert names("-5", edit=True) == ["all", "edits in -5", "in -5 by minute"]


async def test_a_persons_message_is_removed_once(desk: Desk) -> None:
    said = desk.server.say(ANN, ANN, "/settings key sk-something").id
    for _ in range(2):
        await desk.platform.remove(HOME, str(said))
    assert said not in desk.server.world.messages


async def test_a_message_that_must_stay_is_refused(desk: Desk) -> None:
    said = desk.server.say(ANN, ANN, "too old").id
    desk.server.world.undeletable.add(said)
    with pytest.raises(DeliveryRefused, match="can't be deleted"):
        await desk.platform.remove(HOME, str(said))
