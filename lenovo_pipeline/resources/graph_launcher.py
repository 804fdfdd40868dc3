"""Run by path in a bare Python, never imported: become the graph server, and die with the process that asked for it.

Belongs here: what must happen in the child between fork and exec. `subprocess` offers `preexec_fn` for that, which may
deadlock in a process with threads; a program of its own cannot.
Arguments: the process id of the parent, then the command to become.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main() -> None:
    """Tie this process to its parent where the system can (Linux), then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    # The parent may have died before the signal was asked for; then nobody would ever send it.
    if os.getppid() != parent:
        sys.exit("the process that asked for the graph server is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
