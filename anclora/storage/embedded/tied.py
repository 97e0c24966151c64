"""Become another program that ends when its parent ends: `tied.py PARENT SIGNAL UID GID PROGRAM ARGUMENTS…`.

A script of its own, because code between fork and exec of a process with threads may block for ever. UID -1 keeps the
user. On Linux the kernel sends SIGNAL when the parent's thread that started us is gone (prctl(2), PR_SET_PDEATHSIG);
elsewhere the next start finds and ends what was left over.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Drop privileges, tie, exec."""
    parent, signal_number, uid, gid = map(int, sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, which clears the setting.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit("The parent ended before the start.")
    os.execv(program[0], program)  # noqa: S606 - our own child, no shell wanted


if __name__ == "__main__":
    main()
