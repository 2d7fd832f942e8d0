"""Verbs for tokens that are bound to a key or a certificate, so that a stolen one opens nothing."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from oauth2_provider.models import AccessToken

from core import meter
from core.crypto import digest
from core.errors import Unauthenticated
from integrations.models import ApiClient, Binding, TokenBinding
from integrations.rules.dpop import MOST_LENGTH, REMEMBERED_S, proof_problem
from integrations.rules.keys import ALGORITHMS, key_problem, public_part
from integrations.selectors import jose

CODE: Final = "invalid_dpop_proof"


def check_proof(*, proof: str, method: str, path: str, host: str, token: str, now: datetime) -> str:
    """The thumbprint (RFC 7638) of the key that made this proof for this call, which is used up then.

    Unauthenticated (`invalid_dpop_proof`) with the reason when it does not hold. While Redis is away a proof could be
    sent again within its minute, for the same call only.
    """
    said = jose.read(proof, longest=MOST_LENGTH)
    if said is None:
        raise _refusal("The header DPoP must hold one signed JWT.")
    places = {f"{settings.PUBLIC_URL}{path}", f"{host}{path}"}
    problem = proof_problem(
        header=said.header, claims=said.claims, method=method, places=places, token=token, now=now
    ) or key_problem(said.header.get("jwk"))
    if problem:
        raise _refusal(problem)
    key = public_part(said.header["jwk"])
    made = jose.import_key(key)
    if made is None or not jose.opens(proof, [key]):
        raise _refusal("The proof is not signed by the key that it shows.")
    thumbprint = str(made.thumbprint())
    once = meter.Window("once", 1, REMEMBERED_S)
    if not meter.take(f"dpop:{digest(thumbprint + said.claims['jti'])}", [once]).granted:
        raise _refusal("This proof was used before: each call needs one of its own.")
    return thumbprint


def bind_token(*, token: AccessToken, key: str, certificate: str) -> None:
    """The token opens nothing without proof of this key (RFC 9449) and this certificate (RFC 8705)."""
    if key or certificate:
        life = timedelta(seconds=settings.OAUTH2_PROVIDER["REFRESH_TOKEN_EXPIRE_SECONDS"])
        TokenBinding.objects.create(
            checksum=token.token_checksum, key=key, certificate=certificate, expires_at=token.expires + life
        )


def forget_bindings(*, now: datetime) -> int:
    """Bindings of tokens that can neither be used nor refreshed are gone; how many."""
    gone, _ = TokenBinding.objects.filter(expires_at__lte=now).delete()
    return gone


def missing_binding(*, client: ApiClient, key: str, certificate: str, before: tuple[str, str]) -> str:
    """Why the client gets no token like this, as a sentence; empty when it does.

    A client may be registered for bound tokens only; and what was bound is not refreshed into something looser, by a
    public client not even to another key (RFC 9449 section 5, RFC 8705 section 4).
    """
    if client.token_binding == Binding.DPOP and not key:
        return "This client gets tokens bound to a key only: send a proof in the header DPoP."
    if client.token_binding == Binding.CERTIFICATE and not certificate:
        return "This client gets tokens bound to its certificate only: connect with it."
    if before == ("", ""):
        return ""
    looser = (before[0] and not key) or (before[1] and not certificate)
    other = client.is_public and before != (key, certificate)
    return "The refresh token is bound to another key." if looser or other else ""


def confirmation(*, key: str, certificate: str) -> dict[str, Any]:
    """What a token says about its binding: the member `cnf` (RFC 7800)."""
    cnf = {name: value for name, value in (("jkt", key), ("x5t#S256", certificate)) if value}
    return {"cnf": cnf} if cnf else {}


def check_binding(
    *, bound_to: tuple[str, str], scheme: str, proof: str, certificate: str, call: dict[str, Any], now: datetime
) -> None:
    """Return when the caller may use a token that is bound to (key, certificate); Unauthenticated otherwise.

    `call` is what `check_proof` needs to know of the call. A bound token is not accepted as Bearer, an unbound one
    not as DPoP (RFC 9449 section 7).
    """
    key, wanted = bound_to
    if wanted and wanted != certificate:
        message = "This token is bound to a certificate: connect with it."
        raise Unauthenticated(message, code="certificate_required")
    if not key and scheme != "dpop":
        return
    if not key or scheme != "dpop":
        raise _refusal("This token is bound to a key: send it as DPoP." if key else "This token is not bound to a key.")
    if not proof:
        raise _refusal("This token is bound to a key: prove that you hold it in the header DPoP.")
    if check_proof(proof=proof, **call, now=now) != key:
        raise _refusal("This token is bound to another key.")


def _refusal(message: str) -> Unauthenticated:
    challenge = f'DPoP error="{CODE}", algs="{" ".join(ALGORITHMS)}"'
    return Unauthenticated(message, code=CODE, headers={"WWW-Authenticate": challenge})
