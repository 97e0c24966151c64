"""What can go wrong in the queue room itself; bad input is `InvalidError`, a lost Redis `UnavailableError`."""

from anclora.kit.errors import AncloraError


class ProtocolError(AncloraError):
    """Redis holds lanes of a newer layout than this process speaks: finish what is in hand, then exit."""

    code = "protocol"
