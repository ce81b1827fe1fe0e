from collections.abc import Iterator
from dataclasses import dataclass

from odoo import api, models
from odoo.exceptions import AccessError

from odoo.addons.finance_core.states import LIVE

from ..roles import has_role

RECORDS = 100  #: of one kind that a story is told of, at most
MAX_TERM = 255
ROLES = ("user", "auditor")


@dataclass(frozen=True)
class Story:
    """The records one story is about: what was ``asked`` for, then what belongs to
    it. All of them are visible to who asks."""

    messages: models.BaseModel
    documents: models.BaseModel
    exceptions: models.BaseModel
    payouts: models.BaseModel
    moves: models.BaseModel

    def records(self) -> Iterator[models.BaseModel]:
        for several in (
            self.documents,
            self.payouts,
            self.moves,
            self.messages,
            self.exceptions,
        ):
            yield from several


class FinanceTimeline(models.AbstractModel):
    """Tells what happened to an id, foreign or ours, from delivery to ledger line.

    Reads with the rights of who asks: what they may not see is not told. Every query
    is by an index and bounded.
    """

    _name = "finance.timeline"
    _description = "What Happened To…"

    @api.model
    def look_up(self, term: str) -> dict:
        """The story of an id: of a delivery, a business case, an object of the source,
        a payout, a bank reference or a journal entry. Its form: :meth:`_tell`.

        Raises AccessError."""
        self._check_role()
        return self._tell(self._find(str(term).strip()[:MAX_TERM]))

    @api.model
    def look_at(self, model: str, record_id: int) -> dict:
        """The story of one record. Raises AccessError."""
        self._check_role()
        names = {
            "finance.message": "messages",
            "finance.document": "documents",
            "finance.exception": "exceptions",
            "finance.payout": "payouts",
            "account.move": "moves",
        }
        if model not in names:
            raise AccessError(self.env._("There is no timeline of this."))
        record = self.env[model].search([("id", "=", int(record_id))])
        return self._tell(self._story(**{names[model]: record}))

    def _check_role(self):
        if not any(has_role(self.env, role) for role in ROLES):
            raise AccessError(self.env._("Your role does not allow this."))

    # -- what it is about ----------------------------------------------------------

    def _story(self, **found) -> Story:
        """A story of the records that are given by kind; the others are empty."""
        nothing = {
            "messages": self.env["finance.message"],
            "documents": self.env["finance.document"],
            "exceptions": self.env["finance.exception"],
            "payouts": self.env["finance.payout"],
            "moves": self.env["account.move"],
        }
        return Story(**{**nothing, **found})

    def _find(self, term: str) -> Story:
        """What bears this very id."""
        if not term or "\0" in term:
            return self._story()
        systems = self.env["finance.system"].with_context(active_test=False).search([])
        return self._story(
            # by system, as the index that every delivery needs anyway begins with it
            messages=self._search(
                "finance.message",
                [("system_id", "in", systems.ids), ("identity", "=", term)],
            )
            | self._numbered("finance.message", term),
            documents=self._either(
                "finance.document", term, "source_id", "correlation_id"
            ),
            exceptions=self._search(
                "finance.exception",
                [
                    ("system_id", "in", systems.ids),
                    ("cause", "=", f"open_item:invoice:{term}"),
                    ("state", "in", LIVE),
                ],
            ),
            payouts=self._either("finance.payout", term, "source_id", "trace_id"),
            moves=self._search(
                "account.move", [("name", "=", term), ("state", "=", "posted")]
            ),
        )

    def _either(self, model: str, term: str, *names: str):
        """Records with ``term`` in one of the fields: a query by index for each."""
        found = (self._search(model, [(name, "=", term)]) for name in names)
        return self.env[model].union(*found)

    def _numbered(self, model: str, term: str):
        """Our own number of a record."""
        number = int(term) if term.isdecimal() and len(term) < 10 else 0
        return self._search(model, [("id", "=", number)])

    def _search(self, model: str, domain: list):
        return self.env[model].search(domain, order="id", limit=RECORDS)

    def _follow(self, asked: Story) -> Story:
        """All that belongs to what was asked for."""
        moves = asked.moves | self._counterparts(asked.moves)
        documents = asked.documents
        for name, records in (
            ("message_id", asked.messages),
            ("exception_id", asked.exceptions),
            ("move_ids", moves),
        ):
            documents |= self._search("finance.document", [(name, "in", records.ids)])
        documents = documents[:RECORDS]
        moves = asked.moves | self._visible(documents.move_ids)
        messages = asked.messages | asked.exceptions.message_id | documents.message_id
        payouts = asked.payouts | asked.exceptions.payout_id | documents.payout_id
        exceptions = asked.exceptions | documents.exception_id
        for name, records in (("message_id", messages), ("payout_id", payouts)):
            exceptions |= self._search("finance.exception", [(name, "in", records.ids)])
        return Story(messages, documents, exceptions, payouts, moves)

    def _visible(self, records):
        return self._search(records._name, [("id", "in", records.ids)])

    def _counterparts(self, moves):
        """These entries and those they were reconciled with."""
        lines = self._search("account.move.line", [("move_id", "in", moves.ids)])
        pairs = self._partials(lines)
        return moves.union(*(other.move_id for _partial, _own, other in pairs))

    def _partials(self, lines) -> Iterator[tuple]:
        """(partial reconciliation, its line among these, the other line)."""
        partials = self._search(
            "account.partial.reconcile",
            [
                "|",
                ("debit_move_id", "in", lines.ids),
                ("credit_move_id", "in", lines.ids),
            ],
        )
        for partial in partials:
            debit, credit = partial.debit_move_id, partial.credit_move_id
            own, other = (debit, credit) if debit in lines else (credit, debit)
            yield partial, own, other
