"""Runs the test functions of one file under MicroPython: `micropython mpy_runner.py FILE`.

The same files run under pytest; they use bare `assert` and nothing of pytest. Prints one line a test,
exits 1 if any failed.
"""

import sys


def main(path):
    folder, _, name = path.rpartition("/")
    sys.path.insert(0, folder)
    module = __import__(name[: -len(".py")])
    failed = 0
    for test in sorted([key for key in dir(module) if key.startswith("test_")]):
        try:
            getattr(module, test)()
        except Exception as error:  # noqa: BLE001 - a test may raise anything
            failed += 1
            print("FAILED", test)
            sys.print_exception(error)  # type: ignore[attr-defined]
        else:
            print("ok", test)
    sys.exit(1 if failed else 0)


main(sys.argv[1])
