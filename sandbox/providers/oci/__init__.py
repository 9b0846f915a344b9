"""OCI Email Delivery: SMTP, HTTPS submission and control plane, as one value."""

from __future__ import annotations

from functools import partial

from sandbox.core.late import Late
from sandbox.wire.provider import Provider, SmtpListener

PROVIDER = Provider(
    name="oci",
    title="OCI Email Delivery",
    listeners=(
        SmtpListener(setting="oci_587", port=1587, stands_for=587, tls="starttls"),
        SmtpListener(setting="oci_25", port=1025, stands_for=25, tls="starttls"),
        SmtpListener(setting="oci_465", port=1465, stands_for=465, tls="implicit"),
    ),
    region=Late(f"{__name__}.regions:in_force"),
    catalog=partial(Late("sandbox.core.catalog:read"), "oci", __name__, ["errors.toml"]),
    rules=Late(f"{__name__}.rules:OciRules"),
    smtp=Late(f"{__name__}.smtp:personality"),
    routes=Late(f"{__name__}.api:routes"),
    provision=Late(f"{__name__}.provision:provision"),
    connection=Late(f"{__name__}.provision:connection"),
    delivered=Late(f"{__name__}.delivered:delivered"),
    names=Late(f"{__name__}.zones:names"),
)
