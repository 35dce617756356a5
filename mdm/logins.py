"""The log-ins of an embedded installation: made at its first start, so that a newcomer can look around at once."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from matching.access import STEWARDS, ensure_groups
from mdm.embedded import state

PASSWORD_FILE: Final = "first-password"  # noqa: S105  # the name of a file


@dataclass(frozen=True, slots=True)
class Login:
    """One log-in as it is shown to the person who started the service. `password` is None once it was changed."""

    username: str
    password: str | None
    role: str


@transaction.atomic
def ensure_logins(data_dir: Path) -> list[Login]:
    """Make an administrator and a data steward where the installation has no user yet; give both as they are now.

    They share one password, made at random for this installation and kept in its folder where only the owner reads it. A published
    default would open every installation that was put on a network as it is.
    """
    password = _first_password(data_dir)
    if not User.objects.exists():
        User.objects.create_superuser("admin", password=password)
        steward = User.objects.create_user("steward", password=password, is_staff=True)
        steward.groups.add(*(group for group in ensure_groups() if group.name == STEWARDS))
    users = {user.username: user for user in User.objects.filter(username__in=("admin", "steward"), is_active=True)}
    roles = {"admin": "may do everything", "steward": "decides on doubtful pairs"}
    return [Login(name, password if users[name].check_password(password) else None, role) for name, role in roles.items() if name in users]


def _first_password(data_dir: Path) -> str:
    path = data_dir / PASSWORD_FILE
    if not path.exists():
        state.write_private(path, secrets.token_urlsafe(9))
    return path.read_text(encoding="utf-8").strip()
