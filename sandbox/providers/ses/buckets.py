"""Buckets of S3 as folders of this machine, as the settings name them: jobs read and write there, and rules store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.core.errors import Refusal

Buckets = Sequence[Mapping[str, str]]
"""`ses.buckets`: {name, folder}."""


def folder(buckets: Buckets, name: str) -> Path | None:
    """The folder that stands for a bucket; None when the settings don't name it."""
    found = next((row["folder"] for row in buckets if row.get("name") == name), None)
    return Path(found).expanduser().resolve() if found else None


def place(buckets: Buckets, url: str) -> Path:
    """The file that an `s3://bucket/key` stands for; refuses a bucket that is not there, and a key that leaves it."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    root = folder(buckets, bucket)
    if root is None:
        raise Refusal("api.BadRequestException.bucket", resource=bucket[:100])
    path = (root / key).resolve()
    if not key or not path.is_relative_to(root) or path == root:
        raise Refusal("api.BadRequestException.object", resource=url[:200])
    return path


async def read(buckets: Buckets, url: str) -> bytes:
    """The object of a URL; refuses one that does not exist."""
    path = place(buckets, url)
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise Refusal("api.BadRequestException.object", resource=url[:200]) from error


async def write(buckets: Buckets, url: str, octets: bytes) -> None:
    """Store an object; refuses when the file can't be written."""
    path = place(buckets, url)
    try:
        await asyncio.to_thread(_write, path, octets)
    except OSError as error:
        raise Refusal("api.BadRequestException.object", resource=url[:200]) from error


def _write(path: Path, octets: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
