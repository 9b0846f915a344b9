"""A login in a sandbox's URL: taken out of it, so that it is sent in a header and shown nowhere."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, unquote, urlsplit


def without_login(url: str) -> tuple[str, str]:
    """The URL without a login, and the login as `user:password`, if any; a broken URL stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, ""
    login, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, ""
    user, _, password = login.partition(":")
    return parts._replace(netloc=place).geturl(), f"{unquote(user)}:{unquote(password)}"


def with_login(url: str, login: str) -> str:
    """The URL with a login, `user:password`, in it; the same URL without one."""
    if not login:
        return url
    parts = urlsplit(url)
    user, _, password = login.partition(":")
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()


def header(login: str) -> dict[str, str]:
    """The header of HTTP's Basic scheme (RFC 7617); none without a login."""
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
