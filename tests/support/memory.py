"""The port `Memory` as dictionaries: faithful about uniqueness, compare-and-set and rollback."""

from datetime import datetime
from typing import Any

from agents.domain import notebook, ports
from agents.domain.desks import Desks
from agents.domain.grants import Grants
from agents.domain.heard import HeardSignals
from agents.domain.hooks import Hooks
from agents.domain.linking import Links
from agents.domain.publishing import Channels
from agents.domain.record import Record
from agents.domain.sealing import Sealed
from agents.domain.sharing import Shares
from agents.domain.user import Notice
from agents.domain.venue import Connections, Findings
from tests.support.memory_accounts import MemoryAccounts
from tests.support.memory_channels import MemoryChannels
from tests.support.memory_core import Database, Killed, Session
from tests.support.memory_desks import MemoryDesks
from tests.support.memory_heard import MemoryHeard
from tests.support.memory_hooks import MemoryHooks
from tests.support.memory_links import MemoryLinks
from tests.support.memory_people import (
    MemoryAudit,
    MemoryModelCalls,
    MemoryNotes,
    MemoryNotices,
    MemoryPreferences,
    MemoryStrategies,
    MemoryUsers,
)
from tests.support.memory_record import MemoryRecord
from tests.support.memory_sharing import MemoryGrants, MemoryShares
from tests.support.memory_trading import (
    MemoryDecisions,
    MemoryOrders,
    MemoryPositions,
    MemoryProposals,
)
from tests.support.memory_venues import MemoryConnections, MemoryFindings, MemorySealed

__all__ = ["Database", "InMemory", "Killed"]


class InMemory:
    """One process's memory. Give the same `Database` to another to be a second process."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or Database()
        session = Session(self.database)
        self.session = session
        self.transactions: ports.Transactions = session
        self.users: ports.Users = MemoryUsers(session)
        self.strategies: ports.Strategies = MemoryStrategies(session)
        self.decisions: ports.Decisions = MemoryDecisions(session)
        self.proposals: ports.Proposals = MemoryProposals(session)
        self.orders: ports.Orders = MemoryOrders(session)
        self.positions: ports.Positions = MemoryPositions(session)
        self.accounts: ports.Accounts = MemoryAccounts(session)
        self.model_calls: ports.ModelCalls = MemoryModelCalls(session)
        self._notices = MemoryNotices(session)
        self.notices: ports.Notices = self._notices
        self.channels: Channels = MemoryChannels(session)
        self.notes: notebook.Notes = MemoryNotes(session)
        self.preferences: notebook.Preferences = MemoryPreferences(session)
        self.audit: notebook.Audit = MemoryAudit(session)
        self.record: Record = MemoryRecord(session)
        self.shares: Shares = MemoryShares(session)
        self.grants: Grants = MemoryGrants(session)
        self.links: Links = MemoryLinks(session)
        self.desks: Desks = MemoryDesks(session)
        self.heard: HeardSignals = MemoryHeard(session)
        self.hooks: Hooks = MemoryHooks(session)
        self.connections: Connections = MemoryConnections(session)
        self.findings: Findings = MemoryFindings(session)
        self.sealed: Sealed = MemorySealed(session)

    @property
    def told(self) -> list[Notice]:
        """Every notice, oldest first."""
        return list(self.database.table("notices"))

    def rows(self, table: str) -> list[Any]:
        """Every row of a table, oldest first: what is on disk, whoever is alive."""
        return list(self.database.table(table))

    def when_told(self, listener: ports.NoticeListener) -> None:
        self._notices.listeners.append(listener)

    def kill(self) -> None:
        """As SIGKILL: from now on nothing of this process reads or writes."""
        self.session.kill()

    async def last_market_time(self) -> datetime | None:
        decided = [row.decided_at for row in self.database.table("decisions")]
        opened = [row.opened_at for row in self.database.table("positions")]
        filled = [fill.at for _, fill in self.database.table("fills")]
        noted = await self.notes.read("market_clock")
        clock = [datetime.fromisoformat(noted)] if noted else []
        return max([*decided, *opened, *filled, *clock], default=None)
