"""IBM Cloud Event Notifications: its SMTP interface and the API that manages it, as one value."""

from __future__ import annotations

from functools import partial

from sandbox.core.late import Late
from sandbox.wire.provider import Provider, SmtpListener

PROVIDER = Provider(
    name="ibm",
    title="IBM Event Notifications",
    listeners=(
        SmtpListener(setting="ibm_587", port=3587, stands_for=587, tls="starttls"),
        SmtpListener(setting="ibm_465", port=3465, stands_for=465, tls="implicit"),
    ),
    region=Late(f"{__name__}.regions:in_force"),
    catalog=partial(Late("sandbox.core.catalog:read"), "ibm", __name__, ["errors.toml"]),
    rules=Late(f"{__name__}.rules:IbmRules"),
    smtp=Late(f"{__name__}.smtp:personality"),
    routes=Late(f"{__name__}.api:routes"),
    provision=Late(f"{__name__}.provision:provision"),
    connection=Late(f"{__name__}.provision:connection"),
    delivered=Late(f"{__name__}.delivered:delivered"),
    names=Late(f"{__name__}.zones:names"),
    background=Late(f"{__name__}.verification:watch"),
)
