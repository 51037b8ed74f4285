"""``python -m captchalab`` is the ``captchalab`` command."""

from __future__ import annotations

from captchalab.cli import main

if __name__ == "__main__":
    main()
