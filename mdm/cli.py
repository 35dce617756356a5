"""The command `python -m mdm`: runs the service, or one of its processes.

python -m mdm run       everything on this machine, until Ctrl-C: database, broker, web, workers and beat
python -m mdm web       the web server alone (where a container or systemd runs each process)
python -m mdm worker    a Celery worker alone
python -m mdm webhooks  a worker alone that tells other systems of changes: it waits for their servers, and so has its own queue
python -m mdm beat      the clock that rings the periodic tasks
"""

import argparse
import fcntl
import http
import http.client
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from mdm.embedded import processes, state, valkey
from mdm.embedded.supervisor import Program, Supervisor

BASE_DIR: Final = Path(__file__).resolve().parent.parent
PORTS_TRIED: Final = 100

WEB: Final = (
    "-m",
    "granian",
    "--interface",
    "wsgi",
    "--no-ws",
    "--workers-kill-timeout",
    "20",
    "--respawn-failed-workers",
    "mdm.wsgi:application",
)
WORKER: Final = ("-m", "celery", "--app", "mdm", "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
WEBHOOKS: Final = (*WORKER, "--queues", "webhooks", "--pool", "threads", "--concurrency", "8", "--hostname", "webhooks@%h")
BEAT: Final = ("-m", "celery", "--app", "mdm", "beat", "--loglevel", "INFO")


class CannotRunError(Exception):
    """The service can't be started; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; gives the exit code."""
    chosen = _parse(arguments)
    address = ("--host", chosen.host, "--port", str(chosen.port))
    alone = {"web": (*WEB, *address), "worker": WORKER, "webhooks": WEBHOOKS, "beat": BEAT}
    if chosen.command in alone:
        data_dir = Path(os.environ.get("MDM_DATA_DIR") or BASE_DIR / "var").resolve()
        _become(alone[chosen.command], os.environ | _counting(data_dir / "metrics" / chosen.command))
    try:
        return run(host=chosen.host, port=chosen.port)
    except (CannotRunError, processes.ServerStartError) as error:
        _say(str(error))
        return 1


def _become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    os.execve(sys.executable, [sys.executable, *command], environment)  # noqa: S606  # there is no shell


def _counting(folder: Path) -> dict[str, str]:
    """Empty the folder in which processes count for /metrics: each into files of its own, summed up by whoever is asked."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mdm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "web", "worker", "webhooks", "beat"))
    parser.add_argument("--host", default=os.environ.get("HOST") or processes.LOOPBACK, help="address to listen on (HOST)")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="port to listen on (PORT)")
    return parser.parse_args(arguments)


def run(*, host: str, port: int) -> int:
    """Serve web, worker and beat until Ctrl-C; a first start also makes the database and loads the demonstration data."""
    began = time.monotonic()
    data_dir = Path(os.environ.get("MDM_DATA_DIR") or BASE_DIR / "var").resolve()
    logs = data_dir / "log"
    logs.mkdir(parents=True, exist_ok=True)
    with _only_one(data_dir):
        port = _usable_port(port, host)
        url = os.environ.get("PUBLIC_URL") or f"http://localhost:{port}"
        broker = None if os.environ.get("REDIS_URL") else valkey.configure(data_dir, port=processes.free_port())
        environment = os.environ | {"MDM_DATA_DIR": str(data_dir), "PUBLIC_URL": url} | _counting(data_dir / "metrics")
        if broker is not None:
            environment["REDIS_URL"] = broker.url
        supervisor = Supervisor(environment=environment, logs=logs, say=_say)
        try:
            if broker is not None:
                _start_broker(supervisor, broker, data_dir)
            if _prepare(environment) != 0:
                return 1
            _start_services(supervisor, host=host, port=port)
            _say(f"mdm is at {url} (ready after {time.monotonic() - began:.1f} s). Logs: {logs}. Ctrl-C stops it.")
            supervisor.run()
        except KeyboardInterrupt:
            _say("Stopped before it was up.")
        finally:
            supervisor.stop()
    _say("Stopped.")
    return 0


def _start_broker(supervisor: Supervisor, broker: valkey.Broker, data_dir: Path) -> None:
    process = supervisor.start(Program("broker", broker.command))
    processes.wait_until(broker.answers, process=process, log=supervisor.logs / "broker.log")
    # Commands in another terminal find the broker through this file.
    state.write_private(data_dir / state.BROKER_URL_FILE, broker.url)


def _prepare(environment: Mapping[str, str]) -> int:
    # A process of its own: this one stays small, and starts others safely, because it never loads Django.
    process = processes.start([sys.executable, str(BASE_DIR / "manage.py"), "prepare"], environment=environment)
    try:
        return process.wait()
    finally:
        processes.stop(process)


def _start_services(supervisor: Supervisor, *, host: str, port: int) -> None:
    web = (*WEB, "--host", host, "--port", str(port), "--workers", "2", "--blocking-threads", "4")
    process = supervisor.start(Program("web", (sys.executable, *web)))
    supervisor.start(Program("worker", (sys.executable, *WORKER, "--concurrency", "2")))
    supervisor.start(Program("webhooks", (sys.executable, *WEBHOOKS)))
    supervisor.start(Program("beat", (sys.executable, *BEAT)))
    reachable = processes.LOOPBACK if host in {"0.0.0.0", "::"} else host  # noqa: S104  # compared, not bound
    log = supervisor.logs / "web.log"
    processes.wait_until(lambda: _serves(reachable, port), process=process, log=log)


def _serves(host: str, port: int) -> bool:
    # The port is open long before the first worker has loaded the application: only an answer counts.
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health/live", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Holds the data folder's lock: the kernel frees it when this process ends, however it ends."""
    path = data_dir / "run.lock"
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotRunError(
                f"mdm runs on {data_dir} already (process {lock.read().strip() or 'unknown'}). Stop that one, or set MDM_DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _usable_port(wanted: int, host: str) -> int:
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        if processes.is_free(port, host):
            if port != wanted:
                _say(f"Port {wanted} is in use; taking {port}. PORT=9000 chooses another.")
            return port
    raise CannotRunError(f"No free port from {wanted} on; PORT=9000 chooses where to look.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # this is the command's output
