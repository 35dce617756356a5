"""Python's search for garbage in cycles, and when it had better not run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Let Python not search for objects that only name each other, which it otherwise does again and again while a chunk is made.

    A chunk is some hundred thousand objects that are all in use until it is written, and the search goes through them and through all
    that the process holds: a fifth of the time, and nothing found. What is no longer named is freed at once all the same, and the
    search catches up between chunks. Threads may be inside at once: whoever came first lets it run again.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
