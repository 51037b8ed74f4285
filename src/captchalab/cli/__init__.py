"""The command line. One file per group of commands: each parses, calls one plain function, prints."""

from __future__ import annotations

import sys


def main() -> None:
    """The ``captchalab`` command: runs it and ends the process with its exit status."""
    from captchalab.cli.app import run

    sys.exit(run(sys.argv[1:]))
