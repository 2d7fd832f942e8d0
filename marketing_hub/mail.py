"""How mail leaves: a plain server, files while there is none, or the API of a provider; all from the environment."""

from dataclasses import dataclass, field
from typing import Any, Final

from marketing_hub import env

PROVIDERS: Final = ("smtp", "ses", "sendgrid", "mailgun", "postmark", "brevo")
_BACKENDS: Final = {"ses": "amazon_ses"}
_KEYS: Final = {
    "sendgrid": "SENDGRID_API_KEY",
    "mailgun": "MAILGUN_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "brevo": "BREVO_API_KEY",
}
_SIGNED: Final = {
    "sendgrid": "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """The way out: which provider, Django's backend for it, and what Anymail is told."""

    provider: str
    backend: str
    anymail: dict[str, Any] = field(default_factory=dict)


KEPT: Final = Mail("smtp", "django.core.mail.backends.filebased.EmailBackend")
"""Nothing leaves: every message is a file."""


def read_mail(host: str) -> Mail:
    """As the environment says; ConfigError when the chosen provider lacks what it needs."""
    provider = env.choice("MAIL_PROVIDER", "smtp", PROVIDERS)
    if provider == "smtp":
        return Mail(provider, f"django.core.mail.backends.{'smtp' if host else 'filebased'}.EmailBackend")
    key, url = env.secret("MAIL_API_KEY", ""), env.text("MAIL_API_URL", "")
    secret, signing = env.secret("MAIL_WEBHOOK_SECRET", ""), env.secret("MAIL_WEBHOOK_KEY", "")
    told: dict[str, Any] = {"REQUESTS_TIMEOUT": 15}
    if provider == "ses":
        told["AMAZON_SES_CLIENT_PARAMS"] = _ses(url)
    else:
        if not key:
            raise env.ConfigError(f"MAIL_API_KEY is needed to send by {provider}.")
        told[_KEYS[provider]] = key
        told |= {f"{provider.upper()}_API_URL": url} if url else {}
    if provider == "mailgun" and (domain := env.text("MAIL_SENDER_DOMAIN", "")):
        told["MAILGUN_SENDER_DOMAIN"] = domain
    told |= {"WEBHOOK_SECRET": secret} if secret else {}
    told |= {_SIGNED[provider]: signing} if signing and provider in _SIGNED else {}
    return Mail(provider, f"anymail.backends.{_BACKENDS.get(provider, provider)}.EmailBackend", told)


def _ses(url: str) -> dict[str, Any]:
    """Region and address; the credentials are where boto3 looks for them (AWS_ACCESS_KEY_ID or a role)."""
    return {"region_name": env.text("MAIL_REGION", "eu-central-1")} | ({"endpoint_url": url} if url else {})
