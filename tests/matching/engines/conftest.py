"""What the tests of engines need around them."""

import os
import shutil
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def java() -> Iterator[None]:
    """Java, on which Spark runs; the test is skipped, loudly, where it is not installed."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("JAVA IS NOT INSTALLED: this test of the Spark engine did not run (apt-get install openjdk-17-jre-headless)")
    with pytest.MonkeyPatch.context() as patched:
        # Spark's code runs too shortly in a test to be worth compiling well.
        patched.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        yield
