"""A power cut without a power cut: records what a program wrote and synced, and builds what a disk may hold afterwards.

`kill -9` proves little, since the kernel still writes what the program wrote. Here `strace` keeps the journal of writes,
truncations, new names and syncs under a folder; an image is made of those that ended before a moment. What was synced by
then is in it for certain. What was not is left out, or there, or there in part, down to sectors; a new name, or the end
of an old one, counts only once the folder was synced.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename,openat"
_LINE = re.compile(r"(\d+\.\d+) (\w+)\((.*)\)\s+= (-?\d+).*? <(\d+\.\d+)>$")
_DESCRIPTOR = re.compile(r"-?\w+<((?:\\x..)*)>")
_TEXT = re.compile(r'"((?:\\x..)*)"')


def traced(command, journal):
    """The command line that runs `command` and keeps the journal in files that begin with `journal`."""
    options = ["-f", "-ff", "-ttt", "-T", "-y", "-xx", "-s", "4194304", "-e", f"trace={CALLS}", "-e", "signal=none"]
    return ["strace", *options, "-o", str(journal), *command]


def can_trace():
    """Whether programs may be traced here."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode == 0


@dataclass
class Call:
    """A call that worked: what it did to which file."""

    ended: float
    name: str
    path: str
    data: bytes = b""
    offset: int = 0
    target: str = ""
    flags: str = ""


def read_journal(journal, folder):
    """The calls on files under `folder`, in the order in which they ended."""
    found = [
        call
        for file in Path(journal).parent.glob(Path(journal).name + ".*")
        for line in file.read_text("ascii").splitlines()
        if (call := _call(line)) is not None and call.path.startswith(str(folder))
    ]
    return sorted(found, key=lambda call: call.ended)


def _call(line):
    match = _LINE.match(line)
    if not match or int(match[4]) < 0:
        return None
    ended, name, arguments = float(match[1]) + float(match[5]), match[2], match[3]
    if name in ("unlink", "rename"):
        paths = [_decoded(text) for text in _TEXT.findall(arguments)]
        return Call(ended, name, os.fsdecode(paths[0]), target=os.fsdecode(paths[-1]))
    if name == "openat":
        return Call(
            ended,
            name,
            os.fsdecode(_decoded(_TEXT.search(arguments)[1])),
            flags=arguments.rsplit(",", 2)[-1] + arguments,
        )
    descriptor = _DESCRIPTOR.match(arguments)
    if descriptor is None:
        return None
    data = _TEXT.search(arguments, descriptor.end())
    last = arguments.rsplit(", ", 1)[-1]
    return Call(
        ended, name, os.fsdecode(_decoded(descriptor[1])), data=_decoded(data[1]) if data else b"",
        offset=int(last) if name in ("pwrite64", "ftruncate") else -1,
    )  # fmt: skip


def _decoded(text):
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class _File:
    synced: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)
    named: bool = False
    """Whether its name was synced with the folder."""


class Disk:
    """What certainly is on the disk after some calls, and what may be."""

    def __init__(self):
        self._files = {}
        self._gone = {}
        self._calls = 0

    def perform(self, calls, until):
        """Take in the calls that ended before a moment; to be called with later and later ones."""
        while self._calls < len(calls) and calls[self._calls].ended <= until:
            self._perform(calls[self._calls])
            self._calls += 1

    def _perform(self, call):
        file = self._files.get(call.path)
        if call.name == "openat":
            if "O_CREAT" in call.flags and file is None:
                self._files[call.path] = _File()
            elif "O_TRUNC" in call.flags and file is not None:
                file.pending.append((0, None))
        elif call.name in ("fsync", "fdatasync"):
            self._sync(call.path, file)
        elif call.name == "unlink":
            self._gone[call.path] = self._files.pop(call.path, None)
        elif call.name == "rename":
            self._files[call.target] = self._files.pop(call.path, _File())
            self._files[call.target].named = False
        elif file is not None:
            file.pending.append((call.offset, None if call.name == "ftruncate" else call.data))

    def _sync(self, path, file):
        if file is not None:
            _apply(file.synced, file.pending)
            file.pending = []
            return
        for name, one in self._files.items():
            if str(Path(name).parent) == path:
                one.named = True
        self._gone = {name: one for name, one in self._gone.items() if str(Path(name).parent) != path}

    def image(self, folder, chance):
        """Build a disk in `folder`: what is certain, and of the rest what `chance` (a number from 0 to 1 each) lets be."""
        survivors = {name: one for name, one in self._gone.items() if one is not None and one.named and chance() < 0.5}
        for name, one in {**survivors, **self._files}.items():
            if one.named or chance() >= 0.5:
                content = bytearray(one.synced)
                _apply(content, [part for write in one.pending for part in _parts(write, chance)])
                (folder / Path(name).name).write_bytes(content)


def _parts(write, chance):
    """What of a write arrived: all of it, or none, or some of its sectors."""
    offset, data = write
    luck = chance()
    if luck < 0.4 or (luck < 0.7 and data is None):
        return []
    if luck >= 0.7 or data is None:
        return [write]
    sectors = [(offset + at, data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]
    return [sector for sector in sectors if chance() < 0.5]


def _apply(content, writes):
    for offset, data in writes:
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
            continue
        place = len(content) if offset < 0 else offset
        content.extend(bytes(max(0, place - len(content))))
        content[place : place + len(data)] = data


CHANCES = {
    "nothing more": lambda _: lambda: 0.0,
    "everything": lambda _: lambda: 1.0,
    "some of it": lambda seed: random.Random(seed).random,
}
"""What became of that which was not synced; made with a seed."""
