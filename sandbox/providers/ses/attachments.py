"""Attachments that the service does not send: their file names tell, or a scanner does."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import TYPE_CHECKING

from sandbox.core.headers import decode_words

if TYPE_CHECKING:
    from sandbox.providers.ses.review import Case

REFUSED = frozenset(
    {
        "ade", "adp", "app", "asp", "bas", "bat", "cer", "chm", "cmd", "com", "cpl", "crt", "csh", "der", "exe",
        "fxp", "gadget", "hlp", "hta", "inf", "ins", "isp", "its", "js", "jse", "ksh", "lib", "lnk", "mad",
        "maf", "mag", "mam", "maq", "mar", "mas", "mat", "mau", "mav", "maw", "mda", "mdb", "mde", "mdt", "mdw",
        "mdz", "msc", "msh", "msh1", "msh2", "mshxml", "msh1xml", "msh2xml", "msi", "msp", "mst", "ops", "pcd",
        "pif", "plg", "prf", "prg", "reg", "scf", "scr", "sct", "shb", "shs", "sys", "ps1", "ps1xml", "ps2",
        "ps2xml", "psc1", "psc2", "tmp", "url", "vb", "vbe", "vbs", "vps", "vsmacros", "vss", "vst", "vsw",
        "vxd", "ws", "wsc", "wsf", "wsh", "xnk",
    }
)  # fmt: skip
"""File name extensions (developer guide, Amazon SES unsupported attachment types)."""
LARGE = 262_144
"""Octets from which a message is looked through in a thread."""
FIELD = 8192
"""Octets of one header field that are looked at."""
_FIELD = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_NAME = re.compile(
    rb"""(?:^|[;\s])(?:file)?name\*?(?:0\*?)?[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))""", re.IGNORECASE
)


_VIRUS = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The EICAR test file; in two pieces, so that no scanner takes this file for it."""
_ENCODED = [base64.b64encode(b"\0" * at + _VIRUS)[4 * (at > 0) : -4] for at in range(3)]
"""The characters that stand for it in base64, wherever a group of three octets begins."""


async def check(case: Case) -> None:
    """Refuse a message with a file that the service does not send; one with a virus is accepted, and goes nowhere."""
    raw = case.submission.raw
    found, infected = await asyncio.to_thread(_scanned, raw) if len(raw) > LARGE else _scanned(raw)
    if found is not None:
        raise case.refuse("attachment", parameter=found)
    if infected:
        case.attributes["rejected"] = "Bad content"


def _scanned(raw: bytes) -> tuple[str | None, bool]:
    return refused(raw), infected(raw)


def infected(raw: bytes) -> bool:
    """Whether the message has the test file that every scanner takes for a virus, as text or in base64."""
    if _VIRUS in raw:
        return True
    joined = raw.replace(b"\r\n", b"").replace(b"\n", b"")
    return any(encoded in joined for encoded in _ENCODED)


def refused(raw: bytes) -> str | None:
    """The name of the first file that the service does not send, None when there is none; linear."""
    for part in _FIELD.finditer(raw):
        for match in _NAME.finditer(part[1][:FIELD]):
            name = decode_words((match[1] if match[1] is not None else match[2]).decode("utf-8", "replace"))
            _, dot, extension = name.strip().rpartition(".")
            if dot and extension.lower() in REFUSED:
                return name
    return None
