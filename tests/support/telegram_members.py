"""Who is what in a chat of the loopback Telegram, as the Bot API tells it."""

from collections.abc import Mapping
from typing import Any

ABSENT = ("kicked", "left")
_RIGHTS = (
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
)
_SPOKEN = (
    "can_send_messages",
    "can_invite_users",
    "can_change_info",
    "can_pin_messages",
    "can_manage_topics",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_edit_tag",
    "can_react_to_messages",
)


def permitted(*, speaks: bool) -> dict[str, bool]:
    """The ChatPermissions of a group."""
    return dict.fromkeys(_SPOKEN, speaks)


def member(status: str, user: Mapping[str, Any], *, posts: bool) -> dict[str, Any]:
    """A ChatMember. `posts` is whether an administrator of a channel may post there."""
    body: dict[str, Any] = {"status": status, "user": dict(user)}
    if status == "administrator":
        rights = dict.fromkeys(_RIGHTS, True)
        return (
            body
            | rights
            | {
                "can_be_edited": False,
                "is_anonymous": False,
                "can_post_messages": posts,
                "can_edit_messages": posts,
            }
        )
    if status == "creator":
        return body | {"is_anonymous": False}
    if status == "restricted":
        return body | permitted(speaks=False) | {"is_member": True, "until_date": 0}
    return body | ({"until_date": 0} if status == "kicked" else {})
