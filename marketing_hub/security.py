"""How strictly callers must prove themselves; all from the environment."""

from dataclasses import dataclass

from marketing_hub import env


@dataclass(frozen=True, slots=True)
class Security:
    """What services and views read as settings.SECURITY."""

    assertion_for_token_url: bool = False


def read_security() -> Security:
    """As the environment says."""
    return Security(assertion_for_token_url=env.flag("OAUTH_ASSERTION_FOR_TOKEN_URL", False))
