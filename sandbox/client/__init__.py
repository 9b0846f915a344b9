"""A client of a running sandbox: look at mail, wait for it, force errors, move the clock."""

from sandbox.client.afterwards import Rules
from sandbox.client.asynchronous import AsyncClient
from sandbox.client.client import DEFAULT_URL, Client
from sandbox.client.connections import Connection, IbmConnection, OciConnection, SesConnection, SmtpConnection
from sandbox.client.errors import (
    ApiError,
    ClientError,
    ContentError,
    NoMessageError,
    NotIdleError,
    UnexpectedMessageError,
    UnreachableError,
)
from sandbox.client.forcing import ForcedErrors
from sandbox.client.messages import Message
from sandbox.client.objects import CatalogEntry, Fault, Refused, Rule, Session, Simulated
from sandbox.client.parts import Attachment, Headers
from sandbox.client.reports import Report

__all__ = [
    "DEFAULT_URL",
    "ApiError",
    "AsyncClient",
    "Attachment",
    "CatalogEntry",
    "Client",
    "ClientError",
    "Connection",
    "ContentError",
    "Fault",
    "ForcedErrors",
    "Headers",
    "IbmConnection",
    "Message",
    "NoMessageError",
    "NotIdleError",
    "OciConnection",
    "Refused",
    "Report",
    "Rule",
    "Rules",
    "SesConnection",
    "Session",
    "Simulated",
    "SmtpConnection",
    "UnexpectedMessageError",
    "UnreachableError",
]
