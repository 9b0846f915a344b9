"""The regions of the service: short names, host names, and the labels used in DNS names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOMAIN = "oraclecloud.com"
"""The second-level domain of the commercial realm."""
MAIL_DOMAIN = "oracleemaildelivery.com"

KEYS: Mapping[str, str] = {
    "af-casablanca-1": "lej", "af-johannesburg-1": "jnb", "ap-batam-1": "hsg", "ap-chuncheon-1": "yny",
    "ap-delhi-1": "onm", "ap-hyderabad-1": "hyd", "ap-kulai-2": "jbp", "ap-melbourne-1": "mel", "ap-mumbai-1": "bom",
    "ap-osaka-1": "kix", "ap-seoul-1": "icn", "ap-singapore-1": "sin", "ap-singapore-2": "xsp", "ap-sydney-1": "syd",
    "ap-tokyo-1": "nrt", "ca-montreal-1": "yul", "ca-toronto-1": "yyz", "eu-amsterdam-1": "ams",
    "eu-frankfurt-1": "fra", "eu-madrid-1": "mad", "eu-madrid-3": "orf", "eu-marseille-1": "mrs", "eu-milan-1": "lin",
    "eu-paris-1": "cdg", "eu-stockholm-1": "arn", "eu-turin-1": "nrq", "eu-zurich-1": "zrh", "il-jerusalem-1": "mtz",
    "me-abudhabi-1": "auh", "me-dubai-1": "dxb", "me-jeddah-1": "jed", "me-riyadh-1": "ruh", "mx-monterrey-1": "mty",
    "mx-queretaro-1": "qro", "sa-bogota-1": "bog", "sa-santiago-1": "scl", "sa-saopaulo-1": "gru",
    "sa-valparaiso-1": "vap", "sa-vinhedo-1": "vcp", "uk-cardiff-1": "cwl", "uk-london-1": "lhr",
    "us-ashburn-1": "iad", "us-chicago-1": "ord", "us-phoenix-1": "phx", "us-saltlake-2": "aga", "us-sanjose-1": "sjc",
}  # fmt: skip
"""Region → the three letters that stand for it."""
_NAMES = {key: region for region, key in KEYS.items()}


def in_force(section: Any) -> str:
    """The region of the settings, by its full name."""
    return name(section.region)


def name(region: str) -> str:
    """The full name of a region given by its name or its short key; an unknown one is taken as it is."""
    wanted = region.strip().lower()
    return _NAMES.get(wanted, wanted)


def key(region: str) -> str:
    """The three letters of a region given by its name or by them: `gru`."""
    return KEYS.get(name(region), region)


def label(region: str) -> str:
    """The label of a region in the service's mail host names: `iad1`, `gru1`."""
    return f"{KEYS.get(region, region)}1"


def return_path_host(region: str) -> str:
    """The domain of the envelope senders that receivers see."""
    return f"{label(region)}.rp.{MAIL_DOMAIN}"
