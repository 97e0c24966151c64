"""What a source says when it has nothing to measure with."""

from anclora.kit.errors import AncloraError


class NotConfiguredError(AncloraError):
    """A setting is missing, and which: it is reported as such, never as green."""

    code = "not_configured"


class NoDataError(AncloraError):
    """The source answered, and there was nothing in it: not the same as zero."""

    code = "no_data"
