"""Who is calling: `Authorization: Bearer KEY`."""

from dataclasses import dataclass
from typing import ClassVar, Final

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from api.keys import digest_of
from api.models import ApiKey
from api.problems import CHALLENGE, InvalidKey
from golden_records.lately import Lately
from golden_records.models import SourceSystem

KEY_LENGTH_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The program that calls: the name of its key, what it may do, and the only source that it may write, if bound to one."""

    name: str
    scopes: frozenset[str]
    source: SourceSystem | None

    # A program is no user with a log-in. django-simple-history would otherwise take it for one, and fail to store it as one.
    is_authenticated: ClassVar[bool] = False

    @property
    def actor(self) -> str:
        """Name the author of what this client changes."""
        return f"api:{self.name}"


class KnownKeys(Lately[str, ApiClient]):
    """The clients of keys, by digest, that were good within the last second.

    Only keys that were good are remembered. A key that is revoked is therefore refused by every process within `BELIEVED_SECONDS`.
    """


known_keys: Final = KnownKeys()


class ApiKeyAuthentication(BaseAuthentication):
    """Turns a bearer key into an `ApiClient`, with one query, or none within a second of the last."""

    def authenticate(self, request: Request) -> tuple[ApiClient, str] | None:
        """Give the client and the digest of its key; None without an `Authorization` header; raises `InvalidKey`."""
        header = get_authorization_header(request).split()
        if not header:
            return None
        if len(header) != 2 or header[0].lower() != b"bearer" or len(header[1]) > KEY_LENGTH_LIMIT:  # noqa: PLR2004 - a word and a key
            raise InvalidKey("The Authorization header does not hold a bearer key.", remedy="Send 'Authorization: Bearer KEY'.")
        digest = digest_of(header[1].decode("latin-1"))
        client = known_keys.get(digest)
        if client is None:
            client = _client(digest)
            known_keys.remember(digest, client)
        return client, digest

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme for `WWW-Authenticate`."""
        del request
        return CHALLENGE


def _client(digest: str) -> ApiClient:
    key = ApiKey.objects.select_related("source").filter(digest=digest, revoked_at=None).first()
    if key is None:
        raise InvalidKey("The key is unknown or was revoked.", remedy="Ask for a new key: manage.py create_api_key.")
    return ApiClient(name=key.name, scopes=frozenset(key.scopes), source=key.source)
