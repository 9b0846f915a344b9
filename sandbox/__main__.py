"""Makes `python -m sandbox` the same as the command `email-sandbox`."""

from __future__ import annotations

from sandbox.cli import main

main()
