"""Serves the web viewer's files at `/` and `/web/…`; the viewer itself is a plain client of the inspection API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PACKAGE = "sandbox_ui.web"
"""Named, not imported: the viewer is another program, which may be absent."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served; other files of the folder are not."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""`no-cache` with an ETag: a new version shows at the next load, an unchanged file costs 304."""


def routes(package: str = PACKAGE) -> list[Route]:
    """The page at `/` and its files below `/web/`."""
    files = cache(lambda: dict(_files(package)))

    async def page(request: Request) -> Response:
        return _serve(request, files().get("index.html"), ".html")

    async def asset(request: Request) -> Response:
        name: str = request.path_params["name"]
        return _serve(request, files().get(name), name[name.rfind(".") :])

    return [Route("/", page), Route("/web/{name:path}", asset)]


def _files(package: str) -> Iterator[tuple[str, Traversable]]:
    """Every servable file by its path below the package; nothing when the viewer is not installed."""
    try:
        root = resources.files(package)
    except ModuleNotFoundError:
        return
    waiting = [("", root)]
    while waiting:
        path, folder = waiting.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                waiting.append((f"{path}{entry.name}/", entry))
            elif entry.name[entry.name.rfind(".") :] in TYPES:
                yield path + entry.name, entry


def _serve(request: Request, file: Traversable | None, suffix: str) -> Response:
    if file is None:
        return PlainTextResponse("There is no such page here.\n", 404, headers={"X-Content-Type-Options": "nosniff"})
    octets = file.read_bytes()
    tag = f'"{hashlib.sha256(octets).hexdigest()[:32]}"'
    headers = {**HEADERS, "ETag": tag}
    if tag in [known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(octets, headers={**headers, "Content-Type": TYPES[suffix]})
