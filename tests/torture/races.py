"""Two sources send the same customers at once; then the same with stewards at work and connections that are ended."""

import random
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import psycopg
from django.contrib.auth.models import User

from golden_records.models import GoldenState
from matching import runs
from tests.torture.clients import Call, put_doubtful, put_firm, send_all
from tests.torture.ground import CUSTOMER, Ground, administrator, deadlocks, kill_a_connection, last_object
from tests.torture.outcome import Outcome, Scale, each_firm_once, told


def same_customers_at_once(ground: Ground, scale: Scale) -> Outcome:
    """Clients of both sources send the same customers at the same moment, each record twice: one golden record for each customer."""
    port = ground.start_web()
    with administrator() as own:
        before = deadlocks(own)
        answers = send_all(ground, port, _shares(scale))
        count = CUSTOMER.goldens.count()
        resolved = deadlocks(own) - before
    offences = answers.offences + each_firm_once(range(scale.customers))
    if count != scale.customers:
        offences.append(f"{count} golden records for {scale.customers} customers")
    moved = [path for path, ids in answers.ids.items() if len(ids) > 1]
    offences += [f"{path} was answered with two canonical ids" for path in moved]
    return Outcome(
        f"{scale.customers:,} customers, {scale.clients} clients", offences, f"{told(answers.counts)}; {resolved} deadlocks resolved"
    )


def beside_stewards_and_killed_connections(ground: Ground, scale: Scale) -> Outcome:
    """The same, with doubtful records that are merged, unmerged, judged and sent again meanwhile, while connections are ended."""
    numbers = range(scale.customers)
    User.objects.create_user("steward")
    port = ground.start_web()
    prepared = send_all(ground, port, [[call for number in numbers for call in (put_firm(number, "crm"), put_doubtful(number, "crm"))]])
    shares = [[*share, *_doubtful_again(scale, client)] for client, share in enumerate(_shares(scale))]
    with administrator() as own:
        before, killing, stewards = deadlocks(own), _Killing(own, scale.connections_killed), _Stewards(ground, scale.stewards)
        answers = send_all(ground, port, shares, meanwhile=killing.go_on)
        decided, offences = stewards.stop()
        resolved = deadlocks(own) - before
    runs.work_on(runs.start(CUSTOMER, actor="torture").pk)
    offences += prepared.offences + answers.offences + each_firm_once(numbers)
    standing = CUSTOMER.goldens.filter(state=GoldenState.ACTIVE).count()
    if standing < scale.customers:
        offences.append(f"{standing} golden records for {scale.customers} customers")
    words = f"{told(answers.counts)}; stewards: {told(decided)}; {killing.killed} connections ended, {resolved} deadlocks resolved"
    return Outcome(f"{scale.customers:,} customers, {scale.clients} clients, {scale.stewards} stewards", offences, words)


class _Killing:
    """Ends connections one by one, with pauses, up to a number."""

    def __init__(self, own: "psycopg.Connection[Any]", most: int) -> None:
        self.own, self.most, self.killed = own, most, 0

    def go_on(self) -> None:
        time.sleep(0.1)
        if self.killed < self.most:
            self.killed += kill_a_connection(self.own)


def _shares(scale: Scale) -> list[list[Call]]:
    """Give each client its calls: half of the clients are of each source, and two of them send each record."""
    half = scale.clients // 2
    shares = []
    for client in range(scale.clients):
        source, place = ("crm", "erp")[client % 2], client // 2
        first = [put_firm(number, source) for number in range(scale.customers) if number % half == place]
        again = [put_firm(number, source) for number in range(scale.customers) if (number + 1) % half == place]
        shares.append(first + again)
    return shares


def _doubtful_again(scale: Scale, client: int) -> list[Call]:
    """Give changes of the doubtful records, whose golden records stewards are merging: every client changes some of them."""
    chance = random.Random(client)
    numbers = [chance.randrange(scale.customers) for _ in range(scale.customers // 4)]
    return [put_doubtful(number, "crm", status=chance.choice(("active", "inactive", "prospect"))) for number in numbers]


class _Stewards:
    """Stewards at work, each a process."""

    def __init__(self, ground: Ground, count: int) -> None:
        command = [sys.executable, "-m", "tests.torture.steward"]
        self.running = [
            subprocess.Popen([*command, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for seed in range(count)
        ]
        for process in self.running:
            ground.stack.callback(process.kill)
        for process in self.running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def stop(self) -> "tuple[Counter[str], list[str]]":
        """Send them home; gives what they did, and their offences."""
        counts: Counter[str] = Counter()
        offences: list[str] = []
        for process in self.running:
            said, _ = process.communicate("stop")
            found = last_object(said)
            counts.update(found["counts"])
            offences += found["offences"]
        return counts, offences
