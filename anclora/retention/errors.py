"""What can keep a month of the ledger from being archived; each sentence says what to do."""

from anclora.kit.errors import AncloraError, ConflictError, SetupError


class NotConfiguredError(SetupError):
    """Nobody said where months go."""

    code = "retention_not_configured"


class KeptError(ConflictError):
    """Something still needs rows of this month."""

    code = "retention_kept"


class ChangedError(ConflictError):
    """A row changed after it was written to the file."""

    code = "retention_changed"


class DamagedError(AncloraError):
    """What lies in the target is not what the ledger holds."""

    code = "retention_damaged"
