"""The lines of a mapping as a CSV or XLSX file, and back.

A cell that a spreadsheet would take for a formula gets an apostrophe in front; reading
takes one apostrophe away again.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

import openpyxl
import xlsxwriter

MAX_ROWS = 50_000
MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED = 20 * MAX_BYTES
FORMULA = re.compile(r"['=+\-@\t\r\n]")  # OWASP, "CSV Injection", read 2026-11-22

Row = list[str]


class UnreadableFile(ValueError):
    """Not a file of lines; says why."""


def write_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8 with a mark, as spreadsheets want it."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Iterable[Row]) -> bytes:
    """One sheet; every cell is text."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, _harmless(cell))
    return output.getvalue()


def read(content: bytes) -> list[Row]:
    """The rows of a file, the heading first. Raises UnreadableFile."""
    if len(content) > MAX_BYTES:
        raise UnreadableFile("The file is larger than 10 MB.")
    rows = []
    for row in _xlsx(content) if content[:2] == b"PK" else _csv(content):
        cells = [_literal(cell) for cell in row]
        if any(cells):
            rows.append(cells)
        if len(rows) > MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS} lines.")
    return rows


def _harmless(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _literal(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def _csv(content: bytes) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            "The file is not in UTF-8. Save it as CSV UTF-8."
        ) from error
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise UnreadableFile(f"The file is no CSV: {error}.") from error


def _xlsx(content: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MAX_UNPACKED:
                raise UnreadableFile("The file is too large when unpacked.")
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True
        )
        rows = book.worksheets[0].iter_rows(values_only=True)
        yield from ([_cell(value) for value in row] for row in rows)
    except UnreadableFile:
        raise
    except Exception as error:  # openpyxl has no error of its own for broken files
        raise UnreadableFile("The file is no spreadsheet Excel would open.") from error


def _cell(value) -> str:
    """4010 typed as a number is the value 4010, not 4010.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)
