"""`python -m tests.benchmarks.serving MODULE [ARGUMENT ...]`: run a module of this package inside Django."""

import runpy
import sys

import django

if __name__ == "__main__":
    django.setup()
    del sys.argv[0]
    runpy.run_module(f"tests.benchmarks.serving.{sys.argv[0]}", run_name="__main__")
