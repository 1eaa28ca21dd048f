"""What a person must be allowed at a group's desk for each command and each button there.

A command that is not listed is not the desk's business: it is about the person's own account, and
answered privately or not at all. So is a button.
"""

from collections.abc import Mapping

from agents.domain.desks import Right

LOOK, VOTE, TRADE, LEAD = Right.LOOK, Right.VOTE, Right.TRADE, Right.LEAD

OF_COMMANDS: Mapping[str, Right] = {
    **dict.fromkeys(("strategies", "proposals", "status", "positions", "balance", "profit"), LOOK),
    **dict.fromkeys(("daily", "trades", "journal", "performance", "why", "costs", "cancel"), LOOK),
    **dict.fromkeys(("new", "close", "panic", "stop", "pause", "resume", "autonomy"), TRADE),
    **dict.fromkeys(("mode", "schedule", "sl"), TRADE),
    **dict.fromkeys(("publish", "unpublish", "channel", "share", "open", "listen"), TRADE),
    **dict.fromkeys(("settings", "quiet", "digest"), LEAD),
    "limits": LOOK,  # who changes one is asked for more
}

OF_ACTS: Mapping[str, Right] = {"set_quiet": LEAD, "close_desk": LEAD, "raise_limit": LEAD}
"""What a Yes needs, by the kind of its question, where that is more than TRADE."""

OF_BUTTONS: Mapping[str, Right] = {
    # looking
    **dict.fromkeys(("strategy", "strategies", "details", "proposal", "proposals"), LOOK),
    **dict.fromkeys(
        ("trades", "status", "daily", "no", "dismiss", "journal", "journal_page", "journal_csv"),
        LOOK,
    ),
    # proposals
    **dict.fromkeys(("approve", "veto", "halve", "tighten", "next_candle"), VOTE),
    **dict.fromkeys(("veto_too_risky", "veto_bad_timing", "veto_not_this_coin"), VOTE),
    "veto_other": VOTE,
    # strategies and trades
    **dict.fromkeys(("example", "pick", "yes", "activate", "edit", "discard", "archive"), TRADE),
    **dict.fromkeys(("pause", "resume", "once", "continuous", "close", "close_half"), TRADE),
    **dict.fromkeys(("autonomy", "let", "unpublish", "mode", "set_mode"), TRADE),
    **dict.fromkeys(("signal_stop", "signal_half", "signal_close", "signal_ignore"), TRADE),
    # the desk itself
    **dict.fromkeys(("desk_seat", "desk_rule", "notice", "zones", "zone"), LEAD),
    **dict.fromkeys(("quiet", "quiet_set", "digest", "digest_set"), LEAD),
    **dict.fromkeys(("limit_half", "limit_keep"), LEAD),
    "limits_page": LOOK,
}

ANYBODY = frozenset({"desk_join"})
"""Buttons that whoever is in the group may tap."""

ANSWERS = frozenset({"yes", "no", "pick"})
"""Buttons that answer a question, which was put to one person."""

TALKING = TRADE
"""For a sentence: it drafts or changes a strategy."""
