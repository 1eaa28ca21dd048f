"""How people stand in groups of Telegram, where it says so and where it does not."""

from typing import Any

import pytest
from telegram import (
    AcceptedGiftTypes,
    Bot,
    ChatFullInfo,
    ChatMember,
    ChatMemberAdministrator,
    ChatMemberLeft,
    ChatMemberMember,
    User,
)
from telegram.error import BadRequest

from agents.domain.errors import DeliveryRefused, PlaceGone
from agents.domain.user import Hearing, Identity, Membership, Place
from bot.platforms.telegram_places import standing

GROUP = Place("telegram", "-1005")
ANN = Identity("telegram", "42")
BOT = 77


class Group(Bot):
    """A supergroup in which the bot is `bot`; of Ann it says `ann`."""

    def __init__(self, bot: ChatMember, ann: ChatMember | str) -> None:
        super().__init__(f"{BOT}:token")
        self.__dict__["_said"] = {BOT: bot, 42: ann}

    async def get_chat(self, chat_id: str | int, **more: Any) -> ChatFullInfo:
        gifts = AcceptedGiftTypes(True, True, True, True, True)
        return ChatFullInfo(int(chat_id), "supergroup", 0, 0, gifts, title="Swing")

    async def get_chat_member(self, chat_id: str | int, user_id: int, **more: Any) -> ChatMember:
        said = self.__dict__["_said"][user_id]
        if isinstance(said, str):
            raise BadRequest(said)
        found: ChatMember = said
        return found


def plain(user: int) -> ChatMember:
    return ChatMemberMember(User(user, "x", is_bot=user == BOT))


def staff() -> ChatMember:
    rights: dict[str, Any] = dict.fromkeys(
        (
            "can_be_edited",
            "is_anonymous",
            "can_manage_chat",
            "can_delete_messages",
            "can_manage_video_chats",
            "can_restrict_members",
            "can_promote_members",
            "can_change_info",
            "can_invite_users",
            "can_post_stories",
            "can_edit_stories",
            "can_delete_stories",
        ),
        False,
    )
    return ChatMemberAdministrator(User(BOT, "bot", is_bot=True), **rights)


@pytest.mark.parametrize("bot", [plain(BOT), staff()])
async def test_what_telegram_says_is_believed(bot: ChatMember) -> None:
    here = await standing(Group(bot, plain(42)), GROUP, ANN)
    assert (here.membership, here.title) == (Membership.MEMBER, "Swing")
    left = await standing(Group(bot, ChatMemberLeft(User(42, "x", is_bot=False))), GROUP, ANN)
    assert left.membership is Membership.ABSENT


@pytest.mark.parametrize(
    "said", ["PARTICIPANT_ID_INVALID", "CHAT_ADMIN_REQUIRED", "USER_ID_INVALID", "User not found"]
)
async def test_a_bot_that_is_not_told_does_not_take_people_for_gone(said: str) -> None:
    """Where members are hidden, Telegram answers so of people who are in the group."""
    with pytest.raises(DeliveryRefused, match="administrator") as no:
        await standing(Group(plain(BOT), said), GROUP, ANN)
    assert not isinstance(no.value, PlaceGone)  # of the place it says nothing
    known = await standing(Group(staff(), said), GROUP, ANN)  # who is on the staff is told
    assert known.membership is Membership.ABSENT


async def test_an_account_of_another_platform_is_not_here() -> None:
    there = await standing(Group(plain(BOT), plain(42)), GROUP, Identity("discord", "42"))
    assert there.membership is Membership.ABSENT


@pytest.mark.parametrize(("bot", "hears"), [(plain(BOT), Hearing.STAFF), (staff(), Hearing.ALL)])
async def test_the_talk_of_a_group_is_shown_to_its_staff(bot: ChatMember, hears: Hearing) -> None:
    assert (await standing(Group(bot, plain(42)), GROUP, ANN)).hears is hears
