"""Global Privacy Control (W3C Working Draft): a browser's request not to sell or share."""

from django.http import HttpRequest


def gpc_on(request: HttpRequest) -> bool:
    """Whether `Sec-GPC` says exactly `1`; of several such headers one `1` is enough, any other value is no signal."""
    raw: str = request.META.get("HTTP_SEC_GPC", "")
    return any(value.strip() == "1" for value in raw.split(","))
