"""Amazon SES: SMTP, API v1 and API v2, as one value."""

from __future__ import annotations

from functools import partial

from sandbox.core.late import Late
from sandbox.wire.provider import Provider, SmtpListener

PROVIDER = Provider(
    name="ses",
    title="Amazon SES",
    listeners=(
        SmtpListener(setting="ses_587", port=2587, stands_for=587, tls="starttls"),
        SmtpListener(setting="ses_25", port=2025, stands_for=25, tls="starttls"),
        SmtpListener(setting="ses_465", port=2465, stands_for=465, tls="implicit"),
    ),
    region=lambda section: str(section.region),
    catalog=partial(
        Late("sandbox.core.catalog:read"), "ses", __name__, ["errors.toml", "errors-content.toml", "errors-rest.toml"]
    ),
    rules=Late(f"{__name__}.rules:SesRules"),
    smtp=Late(f"{__name__}.smtp:personality"),
    routes=Late(f"{__name__}.api:routes"),
    provision=Late(f"{__name__}.provision:provision"),
    connection=Late(f"{__name__}.provision:connection"),
    delivered=Late(f"{__name__}.delivered:delivered"),
    names=Late(f"{__name__}.zones:names"),
    outcome=Late(f"{__name__}.simulator:outcome"),
    background=Late(f"{__name__}.background:run"),
)
