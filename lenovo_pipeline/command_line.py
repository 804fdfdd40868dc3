"""How every command of the pipeline ends.

Belongs here: what all commands share. What one does, and the status that it ends with, is its own `main`.
"""

import os
import select
import sys
from collections.abc import Callable
from typing import NoReturn

from lenovo_pipeline.failures import PipelineError

CANNOT_BE_DONE = 2
READER_GONE = 141
"""What shells show for a command whose reader has gone."""


def is_text(value: str) -> bool:
    """Whether an argument can be kept: Python hands over bytes that are no UTF-8 as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def exit_with(main: Callable[[], int]) -> NoReturn:
    """End with the status of `main`; with 2 and the reason where it could not begin, as with settings that are wrong; without a
    word where the reader of the output has gone, as in `… | head -1`.

    Not by the signal SIGPIPE: that would end a command as silently whose connection to a server has gone.
    """
    status: str | int | None
    try:
        try:
            status = main()
        except SystemExit as ended:
            status = ended.code
        except PipelineError as error:
            print(f"error: {error}", file=sys.stderr)
            status = CANNOT_BE_DONE
        sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_gone():
            raise
        # What is still buffered has nowhere to go: Python would complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = READER_GONE
    sys.exit(status)


def _reader_gone() -> bool:
    looked = select.poll()
    looked.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in looked.poll(0))
