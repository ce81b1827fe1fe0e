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
PROPERTY = "fault"


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


def pytest_collection_modifyitems(items):
    for item in items:
        told = (item.name, item.obj.__doc__, item.cls and item.cls.__doc__)
        for number in numbers("\n".join(text for text in told if text)):
            # a report carries it, also from the process of a pytest-xdist worker
            item.user_properties.append((PROPERTY, number))


class _Table:
    """Collects which tests name a fault, and how they ended."""

    def __init__(self):
        self.tests = defaultdict(set)  # fault: tests that ran
        self.failed = set()  # faults

    def pytest_runtest_logreport(self, report):
        test = report.nodeid.partition("[")[0]
        for name, number in report.user_properties:
            if name == PROPERTY:
                self.tests[number].add(test)
                if report.failed:
                    self.failed.add(number)

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.section("faults")
        for row, fault in ROW.findall(PAGE.read_text(encoding="utf-8")):
            number = int(row)
            terminalreporter.write_line(f"{row:>2} {self._result(number)}  {fault}")
            for test in sorted(self.tests[number]):
                terminalreporter.write_line(f"      {test}")

    def _result(self, number: int) -> str:
        if not self.tests[number]:
            return "no test"
        return "FAILED " if number in self.failed else "passed "
