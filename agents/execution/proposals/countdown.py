"""When a proposal runs by itself, and how often its card counts down to that."""

from dataclasses import replace
from datetime import datetime, timedelta

from agents.domain.autonomy import Act, Course
from agents.domain.proposal import Proposal
from agents.domain.risk import TapRules

# Seconds left at which the card is drawn again: few enough for what a chat lets be edited.
STEPS = (10, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000, 3300)


def on_course(proposal: Proposal, way: Course, wall: datetime, rules: TapRules) -> Proposal:
    """`proposal` as `way` decides it from `wall` (human time) on. Its card is good for a while
    after it should have run, since then a person may be asked instead."""
    runs_at = way.runs_at(wall)
    if runs_at is None:
        return replace(proposal, autonomy=str(way), runs_at=None)
    until = max(proposal.expires_at, runs_at + timedelta(seconds=rules.expiry_seconds))
    return replace(proposal, autonomy=str(way), runs_at=runs_at, expires_at=until)


def asking(proposal: Proposal) -> Proposal:
    """`proposal` as a plain question."""
    return replace(proposal, autonomy=str(Course(Act.ASKS)), runs_at=None)


def again(proposal: Proposal, wall: datetime, rules: TapRules) -> Proposal:
    """After an edit the window begins anew; a question stays one."""
    if proposal.runs_at is None:
        return proposal
    return on_course(proposal, proposal.course, wall, rules)


def step(proposal: Proposal, wall: datetime) -> int:
    """The step of STEPS that the countdown has reached; 0 while the first drawing is good or when
    the time is over."""
    if proposal.runs_at is None or wall >= proposal.runs_at:
        return 0
    left = (proposal.runs_at - wall).total_seconds()
    reached = next((one for one in STEPS if left <= one), 0)
    return reached if reached < proposal.course.window else 0
