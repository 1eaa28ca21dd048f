"""Opening the memory: files, locks, upgrades, and the repositories on one database."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from agents.domain import desks, heard, hooks, linking, mail, notebook, ports, publishing, venue
from agents.domain.errors import OperatorNeeded
from agents.domain.grants import Grants as GrantsPort
from agents.domain.record import Record as RecordPort
from agents.domain.sealing import Sealed as SealedPort
from agents.domain.sharing import Shares as SharesPort
from storage.accounts import Accounts
from storage.audit import Audit
from storage.channels import Channels
from storage.client import Client
from storage.connections import Connections
from storage.decisions import Decisions
from storage.desks import Desks
from storage.findings import Findings
from storage.grants import Grants
from storage.heard import HeardSignals
from storage.hooks import Hooks
from storage.links import Links
from storage.locks import FileLock
from storage.mail import Inbox, Notices, Outbox
from storage.model_calls import ModelCalls
from storage.moments import newest_market_time
from storage.notes import Notes
from storage.orders import Orders
from storage.positions import Positions
from storage.preferences import Preferences
from storage.proposals import Proposals
from storage.record import Record
from storage.schema import (
    applied_migrations,
    bind_models,
    client_of,
    config,
    file_of,
    pending,
    upgrade,
)
from storage.sealed import Sealed
from storage.shares import Shares
from storage.strategies import Strategies
from storage.transactions import Transactions
from storage.transcript import Transcript
from storage.users import Users

Wall = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """All repositories of one database; satisfies `agents.domain.ports.Memory`.

    Made by `open_database`. Use it in one event loop, and close it in the end: SQLite's thread
    keeps the process alive until then.
    """

    def __init__(self, client: Client, lock: FileLock | None, wall: Wall) -> None:
        self._client = client
        self._lock = lock
        turns = Transactions(client)
        users, outbox, notes = Users(turns), Outbox(turns), Notes(turns, wall)
        self._notes = notes
        self.transactions: ports.Transactions = turns
        self.users: ports.Users = users
        self.strategies: ports.Strategies = Strategies(turns)
        self.decisions: ports.Decisions = Decisions(turns)
        self.proposals: ports.Proposals = Proposals(turns)
        self.orders: ports.Orders = Orders(turns)
        self.positions: ports.Positions = Positions(turns)
        self.accounts: ports.Accounts = Accounts(turns)
        self.model_calls: ports.ModelCalls = ModelCalls(turns)
        self.notes: notebook.Notes = notes
        self.preferences: notebook.Preferences = Preferences(turns)
        self.audit: notebook.Audit = Audit(turns, wall)
        self.record: RecordPort = Record(turns)
        self.shares: SharesPort = Shares(turns)
        self.grants: GrantsPort = Grants(turns)
        self.links: linking.Links = Links(turns)
        self.desks: desks.Desks = Desks(turns, users)
        self.heard: heard.HeardSignals = HeardSignals(turns)
        self.hooks: hooks.Hooks = Hooks(turns)
        self.connections: venue.Connections = Connections(turns)
        self.findings: venue.Findings = Findings(turns)
        self.sealed: SealedPort = Sealed(turns)
        channels = Channels(turns)
        self.channels: publishing.Channels = channels
        outbox.moving = channels.move_place
        self._notices = Notices(turns, users, outbox, wall)
        self.notices: ports.Notices = self._notices
        self.outbox: mail.Outbox = outbox
        self._outbox = outbox
        self.inbox: mail.Inbox = Inbox(turns)
        self.transcript = Transcript(turns)

    @property
    def kind(self) -> str:
        """`SQLite` or `PostgreSQL`, for /health."""
        return "PostgreSQL" if self._client.is_postgres else "SQLite"

    async def last_market_time(self) -> datetime | None:
        """The newest of fills, decisions, positions and the note `market_clock`."""
        return await newest_market_time(self._notes)

    def when_told(self, listener: ports.NoticeListener) -> None:
        """Have `listener` called for each notice, in the transaction that tells it."""
        self._notices.listeners.append(listener)

    def when_mail_waits(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever something was put into the outbox, once that is committed."""
        self._outbox.woken = woken

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        await self._notes.fetch("SELECT 1")

    async def close(self) -> None:
        """Close the connections and free the file for the next process."""
        try:
            await self._client.close()
        finally:
            if self._lock is not None:
                self._lock.release()


async def open_database(url: str, *, exclusive: bool = False, wall: Wall = _utc_now) -> Database:
    """Open a database, made and upgraded as needed.

    `exclusive` refuses to share a file of SQLite with another process that asked for it, too;
    several may run on one PostgreSQL. `wall` gives human time for what carries no time itself:
    notices, notes, the audit. Raises OperatorNeeded with a sentence for each fault.
    """
    lock = _prepared(url, exclusive)
    try:
        client = await _opened(url)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return Database(client, lock, wall)


def _prepared(url: str, exclusive: bool) -> FileLock | None:
    """Make the folder of a file of SQLite, and lock the file where that is asked for."""
    path = file_of(url)
    if path is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not exclusive:
            return None
        lock = FileLock(path)
        lock.take()
    except OSError as error:
        raise OperatorNeeded(
            f"The folder {path.parent} of the database can't be used ({error.strerror}): make it, "
            "or name another one in DATABASE_URL."
        ) from error
    return lock


async def _opened(url: str) -> Client:
    settings = config(url)
    client = client_of(settings)
    await client.open()
    try:
        if pending(await applied_migrations(client)):
            client = await _reopened(url, settings, client)
        await bind_models(client)
    except BaseException:
        await client.close()
        raise
    return client


async def _reopened(url: str, settings: dict[str, Any], client: Client) -> Client:
    await client.close()
    await upgrade(url)
    fresh = client_of(settings)
    await fresh.open()
    return fresh


async def migrate(url: str) -> list[str]:
    """Bring a database up to date, and answer the names of what was applied.

    Raises OperatorNeeded, as `open_database` does, also while Parley runs on the same file.
    """
    lock = _prepared(url, exclusive=True)
    try:
        client = client_of(config(url))
        await client.open()
        try:
            missing = pending(await applied_migrations(client))
        finally:
            await client.close()
        return await upgrade(url) if missing else []
    finally:
        if lock is not None:
            lock.release()
