"""pytest plugin: `--faults` prints which tests show what of docs/faults.md.

A test shows a fault when its name or docstring, or that of its class, says
``FAULTS 9``, ``FAULTS 2, 3`` or ``FAULTS 15–19``.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from .paths import ROOT

PAGE = ROOT / "docs" / "faults.md"
ROW = re.compile(r"^\| (\d+) +\| (.+?) +\|$", re.MULTILINE)
NAMED = re.compile(r"FAULTS[ _]((?:\d+(?:[-–]\d+)?(?:, | and |_(?=\d))?)+)")
RANGE = re.compile(r"(\d+)(?:[-–](\d+))?")


def numbers(text: str) -> Iterator[int]:
    """The numbers that ``text`` names."""
    for named in NAMED.findall(text):
        for first, last in RANGE.findall(named):
            yield from range(int(first), int(last or first) + 1)


def pytest_addoption(parser):
    words = "print the faults of docs/faults.md with their tests"
    parser.addoption("--faults", action="store_true", help=words)


def pytest_configure(config):
    if config.getoption("--faults"):
        config.pluginmanager.register(_Table(), "faults-table")


class _Table:
    """Collects which tests name a fault, and how they ended."""

    def __init__(self):
        self.tests = defaultdict(set)  # fault: node ids
        self.failed = set()
        self.ran = set()

    def pytest_collection_modifyitems(self, items):
        for item in items:
            told = (item.name, item.obj.__doc__, item.cls and item.cls.__doc__)
            for number in numbers("\n".join(text for text in told if text)):
                self.tests[number].add(item.nodeid)

    def pytest_runtest_logreport(self, report):
        self.ran.add(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("faults")
        for number, fault in ROW.findall(PAGE.read_text(encoding="utf-8")):
            tests = self.tests[int(number)]
            terminalreporter.write_line(f"{number:>2} {self._result(tests)}  {fault}")
            for test in sorted({test.partition("[")[0] for test in tests}):
                terminalreporter.write_line(f"      {test}")

    def _result(self, tests: set[str]) -> str:
        if not tests & self.ran:
            return "no test"
        return "FAILED " if tests & self.failed else "passed "
