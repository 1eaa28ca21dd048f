"""One vault for all tests: making one takes a while."""

from bot.connectors.vault import Vault

VAULT = Vault("a secret of the tests")
OTHER_VAULT = Vault("another secret of the tests")
