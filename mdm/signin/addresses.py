"""Where a request comes from, also behind proxies: only what a trusted proxy says is believed."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Give the address of the client; empty where the server does not say.

    `TRUSTED_PROXIES` proxies stand before the service, each of which adds to `X-Forwarded-For` whom it heard: that many entries from the
    right are theirs, and whatever stands further left was written by the client.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.TRUSTED_PROXIES
    if not proxies:
        return direct
    told = [each.strip() for each in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if each.strip()]
    return told[-proxies] if len(told) >= proxies else direct
