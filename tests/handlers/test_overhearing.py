"""What is said in a group and not to the bot."""

from dataclasses import replace

from agents.domain.user import Identity, Place
from tests.handlers.test_signals import GROUP, TEXT, in_group, listening, talking
from tests.support.conversation import ADA, Conversation

CHANNEL = Identity("chatter", "-7")  # speaks as itself


async def forwarded_by_itself(talk: Conversation) -> list[str]:
    """A channel's post, as the platform repeats it in the channel's group."""
    assert await in_group(talk, TEXT, CHANNEL) == []
    await talk.desk.signals.idle()
    owner = (await talk.user()).id
    return [one.words for one in await talk.desk.memory.heard.recent(owner, 9)]


async def test_another_channels_posts_are_read() -> None:
    talk = await talking()
    await listening(talk)
    assert await forwarded_by_itself(talk) == [TEXT]


async def test_posts_of_a_channel_of_ours_do_not_come_back_as_signals() -> None:
    """A signal that becomes a signal that is published would never end."""
    talk = await talking()
    await listening(talk)
    place, ada = Place("chatter", "-7"), await talk.user()
    wall = talk.world.clock.wall()
    await talk.desk.memory.channels.open(place, "Calls", ada.id, 0, wall)
    assert await forwarded_by_itself(talk) == []


async def test_what_people_say_among_themselves_is_kept_only_where_somebody_listens() -> None:
    talk = await talking()
    said = talk.incoming(ADA, text="hello all", addressed=False, private=False, chat=GROUP.chat)
    assert not await talk.router.wants(said)
    for wanted in (replace(said, addressed=True), replace(said, private=True)):
        assert await talk.router.wants(wanted)
    await listening(talk)
    assert await talk.router.wants(said)
