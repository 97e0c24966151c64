"""What can be wrong with a backup; each sentence says what to do."""

from anclora.kit.errors import AncloraError, ConflictError, SetupError, UnavailableError


class NotConfiguredError(SetupError):
    """Nobody said where backups go, or what encrypts them."""

    code = "backup_not_configured"


class KeyFileError(SetupError):
    """The key file is missing, or holds no key."""

    code = "backup_key_file"


class ForeignError(AncloraError):
    """These bytes were never written by us."""

    code = "backup_foreign"


class WrongKeyError(AncloraError):
    """It was made with a key that is not in our key file."""

    code = "backup_wrong_key"


class DamagedError(AncloraError):
    """It is ours, and not what it was."""

    code = "backup_damaged"


class FailedError(AncloraError):
    """A server or a program did not do its part; the text carries its words."""

    code = "backup_failed"


class RefusedError(ConflictError):
    """It would replace something that nobody said may be replaced."""

    code = "restore_refused"


class TargetError(UnavailableError):
    """The bucket or folder of backups does not do it."""

    code = "backup_target"
