"""Boxes for secrets that must be read again: encrypted with a key made of SECRET_KEY, one for each purpose."""

import base64
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Box:
    """Encrypts texts for one purpose. What was shut with a key of before (`SECRET_KEY_FALLBACKS`) is still opened."""

    def __init__(self, purpose: bytes) -> None:
        """Keep what the box is for: another purpose has another key."""
        self._purpose = purpose

    def shut(self, text: str) -> str:
        """Encrypt a text."""
        return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), self._purpose).encrypt(text.encode()).decode()

    def opened(self, ciphertext: str) -> str:
        """Give the text back; raises `cryptography.fernet.InvalidToken` where no known key opens it."""
        return _box_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS), self._purpose).decrypt(ciphertext).decode()


@cache
def _box_of(materials: tuple[str, ...], purpose: bytes) -> MultiFernet:
    return MultiFernet([Fernet(_key(material, purpose)) for material in materials])


def _key(material: str, purpose: bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(material.encode())
    return base64.urlsafe_b64encode(derived)
