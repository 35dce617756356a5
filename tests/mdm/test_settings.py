import json
import subprocess
import sys
from pathlib import Path

import pytest

from mdm.embedded import state

PRODUCTION = {
    "DATABASE_URL": "postgresql://mdm:secret@database.example/mdm",
    "REDIS_URL": "redis://broker.example:6379/0",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.",
    "PUBLIC_URL": "https://mdm.example",
}
SHOW = "import json; from mdm import settings; print(json.dumps({name: str(getattr(settings, name)) for name in %r}))"


def _python(*arguments: str, environment: dict[str, str], data_dir: Path) -> subprocess.CompletedProcess[str]:
    complete = environment | {"MDM_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"}
    return subprocess.run([sys.executable, *arguments], env=complete, check=False, capture_output=True, text=True)


def _settings(*names: str, environment: dict[str, str], data_dir: Path) -> dict[str, str]:
    result = _python("-c", SHOW % (names,), environment=environment, data_dir=data_dir)
    assert result.returncode == 0, result.stderr
    shown: dict[str, str] = json.loads(result.stdout)
    return shown


def test_djangos_deployment_check_finds_nothing_in_a_production_set_up(tmp_path: Path) -> None:
    checked = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    result = _python(*checked, environment=PRODUCTION, data_dir=tmp_path)
    assert result.returncode == 0, result.stderr


def test_production_writes_nothing_into_the_data_folder(tmp_path: Path) -> None:
    _settings("SECRET_KEY", environment=PRODUCTION, data_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_set_up_with_a_database_of_its_own_must_bring_its_secret_key(tmp_path: Path) -> None:
    result = _python("-c", "from mdm import settings", environment=PRODUCTION | {"SECRET_KEY": ""}, data_dir=tmp_path)
    assert "SECRET_KEY must be set" in result.stderr


def test_the_public_address_decides_on_hosts_and_secure_cookies(tmp_path: Path) -> None:
    names = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")
    shown = _settings(*names, environment=PRODUCTION, data_dir=tmp_path)
    assert "mdm.example" in shown["ALLOWED_HOSTS"]
    assert shown["CSRF_TRUSTED_ORIGINS"] == "['https://mdm.example']"
    assert [shown[name] for name in names[2:]] == ["True", "True", "True"]


def test_embedded_secret_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = _settings("SECRET_KEY", environment={}, data_dir=tmp_path)
    assert _settings("SECRET_KEY", environment={}, data_dir=tmp_path) == first
    assert (tmp_path / state.SECRET_KEY_FILE).stat().st_mode & 0o077 == 0


def test_commands_in_another_terminal_find_the_running_broker(tmp_path: Path) -> None:
    state.write_private(tmp_path / state.BROKER_URL_FILE, "redis://:password@127.0.0.1:4711/0")
    shown = _settings("CELERY_BROKER_URL", environment={}, data_dir=tmp_path)
    assert shown["CELERY_BROKER_URL"] == "redis://:password@127.0.0.1:4711/0"


def test_the_environments_broker_is_used_instead(tmp_path: Path) -> None:
    state.write_private(tmp_path / state.BROKER_URL_FILE, "redis://:password@127.0.0.1:4711/0")
    shown = _settings("CELERY_BROKER_URL", environment=PRODUCTION, data_dir=tmp_path)
    assert shown["CELERY_BROKER_URL"] == PRODUCTION["REDIS_URL"]


@pytest.mark.parametrize(("told", "kept"), [({}, True), ({"DATABASE_KEEPS_PLANS": "0"}, False)])
def test_a_pooler_without_prepared_statements_can_be_told_of(told: dict[str, str], kept: bool, tmp_path: Path) -> None:  # noqa: FBT001
    shown = _settings("DATABASES", environment=PRODUCTION | told, data_dir=tmp_path)
    assert ("prepare_threshold" in shown["DATABASES"]) is kept


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_switch_that_is_neither_on_nor_off_is_refused(value: str, tmp_path: Path) -> None:
    result = _python("-c", "from mdm import settings", environment={"DEBUG": value}, data_dir=tmp_path)
    assert f"DEBUG must be 1 or 0, not '{value}'" in result.stderr


def test_a_network_for_webhooks_that_is_none_is_told_at_start(tmp_path: Path) -> None:
    environment = PRODUCTION | {"MDM_WEBHOOK_ALLOWED_NETWORKS": "10.20.0.0/16, 10.0.0.0/33"}
    result = _python("-c", "from mdm import settings", environment=environment, data_dir=tmp_path)
    assert "MDM_WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/33'" in result.stderr
