import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_core import posting
from odoo.addons.finance_core.errors import FinanceError, NeedsPerson

from .finance_invoicer import invoice_values
from .finance_write_off import settled

_logger = logging.getLogger(__name__)

QUIET = {
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "finance_batch": True,
}


@dataclass(frozen=True)
class Item:
    """Documents with the drafts of each, the one entry they become, and the states
    they reach by it after being posted."""

    drafts: Mapping[models.BaseModel, posting.EntryDraft]
    draft: posting.EntryDraft
    then: tuple[str, ...] = ()

    @property
    def documents(self):
        return next(iter(self.drafts)).browse(each.id for each in self.drafts)


class FinancePoster(models.AbstractModel):
    """Documents become posted, reconciled entries; or are ignored, or held."""

    _name = "finance.poster"
    _description = "Poster"

    @api.model
    def _post_step(self, system, limit: int) -> int:
        """Deal with up to ``limit`` waiting documents: how many there were."""
        self.env["finance.compensation"]._step(system)
        self.env["finance.process.run"]._undo_step(system)
        documents = self._take(system.id, limit)
        if not documents:
            return 0
        drafts = self._translate(system, documents)
        waiting, items = {}, []
        patient = self._waiting_for_payout(system, documents)
        for document, draft in drafts.items():
            if document in patient:
                waiting[document.id] = draft.likeness
            else:
                items.append(Item({document: draft}, draft))
        if waiting:
            self._wait_for_payout(documents.browse(waiting), waiting)
        self._post(items)
        self.env["finance.exception"]._resolve_empty(system.id)
        return len(documents)

    def _wait_for_payout(self, documents, likenesses: Mapping):
        reason = self.env._("Waits for its payout.")
        documents._pass("mapped", "ready", reason=reason, likeness=likenesses)
        documents.payout_id._recheck()

    def _waiting_for_payout(self, system, documents):
        """Those of ``documents`` that become one entry with their payout."""
        if system.granularity != "payout":
            return documents.browse()
        moved = documents.filtered(lambda each: each.type == "balance_transaction")
        return moved - self.env["finance.payout"]._without_payout(moved)

    def _take(self, system_id: int, limit: int):
        self.env.flush_all()  # what waits is read by SQL
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM finance_document document
                    WHERE system_id = %s AND state = 'normalised'
                      AND NOT EXISTS (
                          SELECT FROM finance_message message
                            JOIN finance_flow flow ON flow.id = message.flow_id
                           WHERE message.id = document.message_id
                             AND flow.paused_at IS NOT NULL)
                      -- the proof of its payout comes next and may post it
                      AND NOT EXISTS (
                          SELECT FROM finance_payout payout
                            JOIN finance_system own ON own.id = payout.system_id
                             AND own.granularity = 'payout'
                           WHERE payout.id = document.payout_id
                             AND payout.state = 'open' AND payout.checked_at IS NULL)
                    ORDER BY priority, occurred_at, id LIMIT %s
                    FOR UPDATE OF document SKIP LOCKED""",
                system_id,
                limit,
            )
        )
        return self.env["finance.document"].browse(row[0] for row in rows)

    @api.model
    def _translate(self, system, documents) -> dict:
        """Drafts by document; what is ignored or held is settled here."""
        again = self._posted_before(documents)
        for document in again:
            document._hold(document._changed_after_posting())
        plain = self._each(documents - again, lambda document: document._plain())
        controls = self.env["finance.control.step"]
        for document in controls._reject(system, plain):
            del plain[document]
        for document in self.env["finance.claim"]._hold_contested(system, plain):
            del plain[document]
        processes = self.env["finance.process.run"]
        processes._start(system, plain)
        snapshot = self.env["finance.snapshot"]._build(system, plain.values())
        outcomes = self._each(
            plain, lambda document: posting.translate(plain[document], snapshot)
        )
        drafts = self._settle_ignored(processes._gate(plain, outcomes))
        self._hold_tied(drafts)
        return controls._check(system, plain, drafts)

    def _hold_tied(self, drafts: dict):
        """Two contents of one revision of the source are told apart by nobody: neither
        posts, until a later revision comes or a person accepts the last."""
        tied = self.env["finance.document"].concat(*drafts)._tied()
        for document in tied:
            del drafts[document]
            document._hold(document._tie())

    def _each(self, documents, work: Callable) -> dict:
        """What ``work`` gives for each document. Those it fails for are held, equal
        causes together."""
        done: dict = {}
        held = defaultdict(self.env["finance.document"].browse)
        needs: dict[str, NeedsPerson] = {}
        for document in documents:
            try:
                done[document] = work(document)
            except Exception as error:
                need = as_need(error)
                needs.setdefault(need.cause, need)
                held[need.cause] |= document
        for cause, several in held.items():
            several._hold(needs[cause])
        return done

    def _settle_ignored(self, outcomes: Mapping) -> dict:
        """The drafts among ``outcomes``; the other documents are ignored for the
        reason their rule gives."""
        drafts: dict = {}
        ignored = defaultdict(self.env["finance.document"].browse)
        for document, outcome in outcomes.items():
            if isinstance(outcome, posting.Ignored):
                ignored[outcome.rule.version_id, outcome.reason] |= document
            else:
                drafts[document] = outcome
        for (version_id, reason), several in ignored.items():
            several._set_state("ignored", reason=reason, rule_version_id=version_id)
        return drafts

    def _posted_before(self, documents):
        """Those that wait although their object is in the books already: they are
        held, whoever asked for another try, as posting them would count the money
        twice. What was reversed does not count any more."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT waiting.id
                     FROM finance_document waiting
                     JOIN finance_document posted
                       ON posted.system_id = waiting.system_id
                      AND posted.type = waiting.type
                      AND posted.source_id = waiting.source_id
                      AND posted.state IN ('posted', 'reconciled')
                      AND posted.compensation_id IS NULL
                    WHERE waiting.id = ANY(%s)""",
                documents.ids,
            )
        )
        return self.env["finance.document"].browse(row[0] for row in rows)

    @api.model
    def _post(self, items: Sequence[Item]):
        """Post entries together; when that fails, split until the bad one is alone."""
        if not items:
            return
        try:
            with self.env.cr.savepoint():
                self._post_together(items)
        except psycopg2.OperationalError:
            raise  # the database asks for the whole transaction again
        except Exception as error:
            if len(items) == 1:
                self._hold_failed(items[0], error)
                return
            middle = len(items) // 2
            self._post(items[:middle])
            self._post(items[middle:])

    def _hold_failed(self, item: Item, error: Exception):
        likenesses = {each.id: draft.likeness for each, draft in item.drafts.items()}
        item.documents._write_columns(likeness=likenesses)
        item.documents._hold(as_need(error))

    def _post_together(self, items: Sequence[Item]):
        moves = self._create_moves(items)
        posted = list(zip(moves, (item.draft for item in items), strict=True))
        system = items[0].documents.system_id
        invoicer = self.env["finance.invoicer"]
        invoicer._tie(system, posted)
        self._post_moves(moves)
        self._check_dates(posted)
        invoicer._check_numbers(posted)
        self.env["finance.reconciler"]._reconcile(
            system, [(move, draft) for move, draft in posted if not draft.invoice]
        )
        self._link(items, moves)
        self._link_write_offs(items, self.env["finance.write.off"]._settle(posted))
        self._learn_customers(system, items)
        self.env["finance.waiting"]._release_matched(system, moves.line_ids)

    def _post_moves(self, moves):
        """Each credit note by itself: Odoo pairs those it posts together with the
        invoices they name by their places, and an invoice named twice counts once."""
        naming = moves.filtered("reversed_entry_id")
        (moves - naming)._post(soft=False)
        for move in naming:
            move._post(soft=False)
        self.env["finance.credit.note"]._check_totals(naming)

    def _learn_customers(self, system, items):
        """Whose invoice a customer's money has paid is who that customer may be."""
        found = {
            draft.customer[0]: (draft.customer[1], document.id)
            for item in items
            for document, draft in item.drafts.items()
            if draft.customer
        }
        self.env["finance.reference"]._learn(system, "partner", found, "learned")

    def _check_dates(self, posted):
        """Odoo dates what falls into a locked period after it, without a word."""
        for move, draft in posted:
            if move.date != draft.date:
                raise UserError(
                    self.env._("%s lies in a period that is locked.", draft.date)
                )

    def _create_moves(self, items):
        currencies = {
            each.name: each.id for each in self.env["res.currency"].search([])
        }
        system = items[0].documents.system_id
        company = system.company_id
        known = self._known_of_lines(company)

        def values(draft):
            if draft.invoice:
                return invoice_values(draft, currencies, known)
            return _move_vals(draft, system, currencies, known)

        return (
            self.env["account.move"]
            .with_company(company)
            .with_context(**QUIET)
            .create([values(item.draft) for item in items])
        )

    def _known_of_lines(self, company) -> dict:
        """What Odoo would look up again for every single line."""
        distributions = self.env["account.analytic.distribution.model"].search_count(
            [("company_id", "in", (company.id, False))], limit=1
        )
        return {} if distributions else {"analytic_distribution": False}

    def _link(self, items, moves):
        """Documents to their entry, set-based: a payout may have 10,000."""
        documents = self.env["finance.document"]
        booked, versions = {}, {}
        alike = defaultdict(dict)  # likenesses by document, by what else is the same
        for item, move in zip(items, moves, strict=True):
            for document, draft in item.drafts.items():
                booked[document.id] = move.id
                versions[document.id] = draft.mapping_versions
                alike[draft.rule.version_id, item.then][document.id] = draft.likeness
        self._insert_pairs("finance_document_move_rel", "move_id", list(booked.items()))
        self._insert_pairs(
            "finance_document_version_rel",
            "version_id",
            [(id_, each) for id_, several in versions.items() for each in several],
        )
        for (version_id, then), likenesses in alike.items():
            several = documents.browse(likenesses)
            several._pass(
                *("mapped", "ready", "posted", *then),
                reason=False,
                rule_version_id=version_id,
                likeness=likenesses,
            )
            events = (f"document.{state}" for state in ("posted", *then))
            several._note(*events, moves=booked)
        self.env["finance.payout"]._posted(documents.browse(booked))
        documents.invalidate_model(["move_ids", "mapping_version_ids"])

    def _link_write_offs(self, items, written: Sequence[Mapping]):
        """``written`` are entries by the number of their invoice, for each item."""
        pairs = [
            (document.id, by_number[number].id)
            for item, by_number in zip(items, written, strict=True)
            for document, draft in item.drafts.items()
            for number in settled(draft) & by_number.keys()
        ]
        self._insert_pairs("finance_document_move_rel", "move_id", pairs)

    def _insert_pairs(self, table: str, column: str, pairs):
        if pairs:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO %s (document_id, %s)
                       SELECT * FROM unnest(%s, %s) ON CONFLICT DO NOTHING""",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    *map(list, zip(*pairs, strict=True)),
                )
            )


def as_need(error: Exception) -> NeedsPerson:
    """:func:`describe`, and tell operators of what nobody foresaw."""
    need = describe(error)
    if not isinstance(error, (FinanceError, UserError)):
        _logger.error("Posting failed: %s", need.cause, exc_info=error)
    return need


def describe(error: Exception) -> NeedsPerson:
    """What a person has to do about ``error``; equal errors give equal causes."""
    if isinstance(error, NeedsPerson):
        return error
    if isinstance(error, (FinanceError, UserError)):
        words = str(error)
        return NeedsPerson(
            _cause(words),
            f"Odoo refused the entry: {words}",
            "Mend what the message says, then try again.",
            category="control" if isinstance(error, UserError) else "technical",
        )
    # the text of an unknown error may quote the document: only its kind is shown
    cause = _cause(type(error).__name__)
    return NeedsPerson(
        cause,
        "A fault in the software stopped the entry.",
        f"Ask the operator to look up {cause} in the server's log, then try again.",
        category="technical",
    )


def _cause(words: str) -> str:
    return f"posting:{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _move_vals(draft: posting.EntryDraft, system, currencies, known: dict) -> dict:
    return {
        "move_type": "entry",
        "date": draft.date,
        "finance_original_date": draft.original_date or False,
        "journal_id": draft.journal_id,
        "ref": draft.ref,
        "line_ids": [
            (0, 0, {**known, **_line_vals(line, system, currencies)})
            for line in draft.lines
        ],
    }


def _line_vals(line: posting.DraftLine, system, currencies) -> dict:
    link = line.settles or line.match
    return {
        "account_id": line.account_id,
        "partner_id": line.partner_id,
        "name": line.label,
        "currency_id": currencies[line.currency],
        # Odoo's own fields are floats; amounts of at most 15 digits survive exactly
        "amount_currency": float(line.amount),
        "balance": float(line.balance),
        "finance_match": system._match_key(*link) if link else False,
    }
