"""What the rest of the memory needs of a connection to a database."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from tortoise.backends.base.client import BaseDBAsyncClient

POSTGRES = "postgres"
SQLITE = "sqlite"


class Client(BaseDBAsyncClient, ABC):
    """A tortoise client that tells its faults in the words of the domain.

    Its connection's name is its dialect: tortoise keeps prepared statements by that name.
    """

    @property
    def is_postgres(self) -> bool:
        return self.connection_name == POSTGRES

    @abstractmethod
    async def open(self) -> None:
        """Connect. Raises OperatorNeeded with a sentence for each fault."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        """A transaction, and the client that statements inside it use."""
