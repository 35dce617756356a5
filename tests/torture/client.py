"""A program of a source system, in a process of its own: sends what it is given on its standard input, and prints what it was answered.

It does what a well-behaved program does: after 503 or 409 with `Retry-After` it sends the same request again, and after a lost
connection as well. Any other answer than success is an offence. It needs nothing but Python.
"""

import http.client
import json
import sys
import time
from collections import Counter
from typing import Any, Final

TRIES: Final = 100
SUCCESS: Final = {200, 201, 202, 204}
COME_AGAIN: Final = {409, 503}


class Client:
    """One connection to the API, and the counts of what was answered."""

    def __init__(self, port: int, key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.counts: Counter[str] = Counter()
        self.offences: list[str] = []
        self.ids: dict[str, list[str]] = {}

    def send(self, method: str, path: str, body: object) -> None:
        """Send a request until it is carried out."""
        for _ in range(TRIES):
            try:
                self.connection.request(method, path, body=json.dumps(body), headers=self.headers)
                answer = self.connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.counts["lost"] += 1
                self.connection.close()
                time.sleep(0.05)
                continue
            if answer.status in SUCCESS:
                self._done(path, json.loads(text or b"null"))
                return
            if answer.status not in COME_AGAIN or answer.headers.get("Retry-After") is None:
                self.offences.append(f"{method} {path} was answered {answer.status}: {text[:300].decode(errors='replace')}")
                return
            self.counts[f"told to come again ({answer.status})"] += 1
            time.sleep(float(answer.headers["Retry-After"]) / 10)
        self.offences.append(f"{method} {path} was never carried out")

    def _done(self, path: str, document: Any) -> None:
        self.counts["done"] += 1
        if isinstance(document, dict) and "canonical_id" in document:
            known = self.ids.setdefault(path, [])
            if document["canonical_id"] not in known:
                known.append(document["canonical_id"])


def main() -> None:
    """Send all calls from the given moment on."""
    plan = json.load(sys.stdin)
    client = Client(plan["port"], plan["key"])
    time.sleep(max(0.0, plan["start_at"] - time.time()))
    for method, path, body in plan["calls"]:
        client.send(method, path, body)
    print(json.dumps({"counts": client.counts, "offences": client.offences, "ids": client.ids}))


if __name__ == "__main__":
    main()
