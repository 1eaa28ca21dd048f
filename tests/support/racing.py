"""A process that competes for proposals: `python -m tests.support.racing URL NAME TASKS`.

It waits for a line on standard input, then taps every pending proposal from many tasks at once,
approving or vetoing, and prints the ids that it won as JSON.
"""

import asyncio
import json
import sys

from agents.domain.proposal import Proposal, ProposalState
from storage.database import Database, open_database


async def _tap(database: Database, proposal: Proposal, to: ProposalState, name: str) -> list[int]:
    async with database.transactions.transaction():
        if not await database.proposals.move(proposal, to, outcome=f"{to} by {name}"):
            return []
        await database.notes.write(f"won:{proposal.id}", name)
        return [proposal.id]


async def race(database: Database, name: str, tasks: int) -> list[int]:
    """Ids won. Half of the tasks approve, the others veto."""
    pending = await database.proposals.in_state(ProposalState.PENDING)
    choices = (ProposalState.APPROVED, ProposalState.VETOED)
    taps = [
        _tap(database, proposal, choices[number % 2], f"{name}:{number}")
        for proposal in pending
        for number in range(tasks)
    ]
    return [number for won in await asyncio.gather(*taps) for number in won]


async def _main(url: str, name: str, tasks: int) -> None:
    database = await open_database(url)
    try:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sys.stdout.write(json.dumps(await race(database, name, tasks)) + "\n")
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
