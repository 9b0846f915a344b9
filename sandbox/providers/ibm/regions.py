"""The regions of the service, and which host serves SMTP for each."""

from __future__ import annotations

from typing import Any

DOMAIN = "event-notifications.cloud.ibm.com"
EUROPEAN = frozenset({"eu-de", "eu-es"})
"""Regions whose instances connect to Frankfurt; all others connect to Dallas."""


def in_force(section: Any) -> str:
    """The region of the settings, as the service spells it."""
    return name(section.region)


def name(region: str) -> str:
    """A region as the service spells it."""
    return region.strip().lower()


def mail_region(region: str) -> str:
    """The region whose SMTP endpoint serves an instance of `region`."""
    return "eu-de" if name(region) in EUROPEAN else "us-south"


def smtp_host(region: str) -> str:
    """The public SMTP endpoint of a region's instances."""
    return f"smtp.{mail_region(region)}.{DOMAIN}"


def api_host(region: str) -> str:
    """The host of a region's API."""
    return f"{name(region)}.{DOMAIN}"


def spf_host(region: str) -> str:
    """The name that customers' SPF records include; the real one is shown in the console only."""
    return f"spf.{mail_region(region)}.{DOMAIN}"
