"""The secret that a provider's ready-made names, passwords and tokens follow from; made once, kept in its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.core.services import Services
from sandbox.wire.whole_files import keep_private

FILE = "secret"


async def secret_of(services: Services, provider: str) -> str:
    """64 hexadecimal digits, the same as long as the data folder stays."""
    if provider not in services.secrets:
        file, fresh = services.files / provider / FILE, services.accounts.ids.hex(64)
        services.secrets[provider] = await asyncio.to_thread(_kept, file, fresh)
    return services.secrets[provider]


def _kept(file: Path, fresh: str) -> str:
    if not file.exists():
        keep_private(file, fresh.encode("ascii"))
    return file.read_text("ascii")
