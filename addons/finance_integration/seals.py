"""The chain of seals over the log: what a seal vouches for, and what breaks it.

A *leaf* stands for one log entry: its id as 8 bytes, big-endian and signed, then the
SHA-256 (32 bytes) of its canonical bytes. Those are, as PostgreSQL writes them::

    convert_to(jsonb_strip_nulls(to_jsonb(entry))::text, 'UTF8')

that is, every column that is not NULL, so that a nullable column may be added later
without breaking older seals. Nothing here reads a database.
"""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass

ID_BYTES = 8
LEAF_BYTES = ID_BYTES + 32
BEFORE_ALL = -(2**31) - 1  #: below every id, which are PostgreSQL integers
EXPORT_COLUMNS = ("seal", "at", "first_id", "last_id", "entries", "previous", "hash")


@dataclass(frozen=True)
class Seal:
    """One block of entries: those after the last of the seal before, to ``last_id``.

    ``at`` is UTC as PostgreSQL writes it, ``previous`` the hash of the seal before.
    """

    number: int
    at: str
    first_id: int
    last_id: int
    entries: int
    previous: str

    def hash(self, leaves: bytes) -> str:
        """SHA-256 in hex of the seal's own words as a JSON list, then its leaves."""
        words = json.dumps(astuple(self), separators=(",", ":"))
        return hashlib.sha256(words.encode() + leaves).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A seal as the database holds it. It is ``intact`` when its hash is its own."""

    seal: Seal
    leaves: bytes
    hash: str

    @property
    def intact(self) -> bool:
        return self.seal.hash(self.leaves) == self.hash


#: what the first seal follows
GENESIS = Stored(Seal(0, "", 0, BEFORE_ALL, 0, ""), b"", "0" * 64)


@dataclass(frozen=True)
class Fault:
    """The first thing that does not hold: ``what`` (``entry`` or ``seal``) was
    ``altered``, is ``missing``, was ``inserted``, or is ``foreign``: sound in itself
    but not what was exported. ``entry`` is an id; ``seal`` the number of the seal."""

    what: str
    kind: str
    seal: int
    entry: int | None = None


def seal_fault(
    before: Stored, this: Stored, exported: Mapping[int, str]
) -> Fault | None:
    """What is wrong with a seal, given the one before it and the exported hashes."""
    number = before.seal.number + 1
    if this.seal.number != number:
        kind = "missing" if this.seal.number > number else "inserted"
        return Fault("seal", kind, min(number, this.seal.number))
    if not this.intact:
        return Fault("seal", "altered", number)
    if this.seal.previous != before.hash:
        # this one is sound and remembers another: the one before was put in its place
        return Fault("seal", "altered", before.seal.number or number)
    if exported.get(number, this.hash) != this.hash:
        return Fault("seal", "foreign", number)
    return None


def entry_fault(number: int, sealed: bytes, found: bytes) -> Fault | None:
    """The first entry in which the leaves found differ from those sealed."""
    then, now = _by_id(sealed), _by_id(found)
    for entry in sorted(then.keys() | now.keys()):
        if entry not in now:
            return Fault("entry", "missing", number, entry)
        if entry not in then:
            return Fault("entry", "inserted", number, entry)
        if then[entry] != now[entry]:
            return Fault("entry", "altered", number, entry)
    return None


def _by_id(leaves: bytes) -> dict[int, bytes]:
    """Id -> its leaf; all of them where somebody made an id appear twice."""
    found: dict[int, bytes] = defaultdict(bytes)
    for start in range(0, len(leaves), LEAF_BYTES):
        leaf = leaves[start : start + LEAF_BYTES]
        found[int.from_bytes(leaf[:ID_BYTES], signed=True)] += leaf
    return found


def export_line(row: tuple) -> str:
    """One line of CSV; ``row`` is in the order of EXPORT_COLUMNS."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def exported_hashes(content: bytes) -> dict[int, str]:
    """Seal number -> hash of a file of exported seals. Raises ValueError for any
    other bytes."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True)
    hashes = {}
    try:
        if tuple(rows.fieldnames or ()) != EXPORT_COLUMNS:
            raise ValueError
        for row in rows:
            hashes[int(row["seal"])] = _hash(row["hash"])
    except (TypeError, ValueError, csv.Error):
        raise ValueError(f"line {rows.line_num} is no exported seal") from None
    return hashes


def _hash(word: str) -> str:
    if len(bytes.fromhex(word)) != hashlib.sha256().digest_size:
        raise ValueError(word)
    return word
