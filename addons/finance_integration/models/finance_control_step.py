from collections import defaultdict
from dataclasses import replace
from functools import cache

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.errors import NeedsPerson

SOFT_LOCKS = ("fiscalyear", "tax", "sale", "purchase")


class FinanceControlStep(models.AbstractModel):
    """The control step of the road: reads, once for a batch, what controls may know,
    and holds or notes what they find."""

    _name = "finance.control.step"
    _description = "Control Step"

    @api.model
    def _reject(self, system, plain: dict):
        """Documents of which somebody decided that they are not posted are ignored,
        for his reason; returns them."""
        rejected = self.env["finance.document"]
        documents = rejected.browse(each.id for each in plain)
        decisions = self.env["finance.decision"]._plain_decisions(documents)
        known = self.env["finance.control.version"]._plain_controls(system)
        found = self._controls(known, documents.browse(decisions))
        for document in documents.browse(decisions):
            control = found[document.id]
            last = controls.verdict(plain[document], control, decisions[document.id])
            if last and last.verdict == "reject":
                document._set_state(
                    "ignored", reason=self.env._("Rejected: %s", last.reason)
                )
                rejected |= document
        return rejected

    @api.model
    def _check(self, system, plain: dict, drafts: dict) -> dict:
        """``drafts`` by document without those that must not post now, which are
        held; the others as they may be posted."""
        if not drafts:
            return drafts
        documents = self.env["finance.document"]
        known = self.env["finance.control.version"]._plain_controls(system)
        found = self._controls(known, documents.browse(each.id for each in drafts))
        likenesses = self._likenesses(system, plain, drafts)
        if any(each.duplicates != "ignore" for each in known):
            documents.browse(likenesses)._write_columns(likeness=likenesses)
        passed = {}
        applied, held = defaultdict(list), defaultdict(list)  # ids: there may be 10,000
        needs: dict[str, NeedsPerson] = {}
        for document, verdict in self._judge(system, plain, drafts).items():
            applied[found[document.id].version_id].append(document.id)
            if isinstance(verdict, NeedsPerson):
                needs.setdefault(verdict.cause, verdict)
                held[verdict.cause].append(document.id)
            else:
                passed[document] = verdict
        for version_id, ids in applied.items():
            documents.browse(ids)._note_control(version_id)
        for cause, ids in held.items():
            documents.browse(ids)._write_columns(likeness=likenesses)
            documents.browse(ids)._hold(needs[cause])
        for document, each in passed.items():
            if each.notes:
                document._note_warning(each.notes)
        return {
            document: replace(each.draft, likeness=likenesses[document.id])
            for document, each in passed.items()
        }

    def _judge(self, system, plain: dict, drafts: dict) -> dict:
        """{document: Passed, or NeedsPerson} of ``drafts``; changes nothing."""
        if not drafts:
            return {}
        documents = self.env["finance.document"].browse(each.id for each in drafts)
        known = self.env["finance.control.version"]._plain_controls(system)
        control_of = self._controls(known, documents)
        books = self._books(system, drafts.values())
        twins = self._twins(documents, known)
        same = self.env["finance.invoicer"]._same_numbers(system, drafts)
        decisions = self.env["finance.decision"]._plain_decisions(documents)
        found = {}
        for document, draft in drafts.items():
            try:
                found[document] = controls.check(
                    plain[document],
                    draft,
                    control_of[document.id],
                    books,
                    [*same[document], *twins[document.id]],
                    decisions[document.id],
                )
            except NeedsPerson as need:
                found[document] = need
        return found

    def _controls(self, known, documents) -> dict[int, controls.Control]:
        """By document id: the one in force for its type and the flow it came by."""
        today = fields.Date.today()

        @cache
        def find(kind: str, flow: int) -> controls.Control:
            return controls.find_control(kind, today, known, flow)

        return {
            each.id: find(each.type, each.message_id.flow_id.id) for each in documents
        }

    # -- what the books know -----------------------------------------------------

    def _books(self, system, drafts) -> controls.Books:
        drafts = list(drafts)
        company = system.company_id
        journals = self.env["account.journal"].browse(
            {draft.journal_id for draft in drafts}
        )
        invoices = {
            note.item.move_id for draft in drafts for note in draft.credit_notes
        }
        taxed = self.env["account.move.line"]._read_group(
            [("move_id", "in", list(invoices)), ("tax_ids", "!=", False)], ["move_id"]
        )
        return controls.Books(
            company_currency=company.currency_id.name,
            locks=self._locks(company),
            journals={journal.id: journal.type for journal in journals},
            taxed=frozenset(move.id for (move,) in taxed),
            accounts=self.env["finance.mapping"]._tables(system).get("account", ()),
        )

    @api.model
    def _locks(self, company) -> dict:
        """The last locked days by name, as Odoo's own rule has them for everybody:
        exceptions that were granted to single users are theirs, not the engine's.

        The rows are locked until the end of the transaction: whoever closes the period
        meanwhile waits until what was checked is posted, or the database asks for
        this transaction again, which then sees the new date.
        """
        # sudo: what a parent company locked is locked for its branches
        parents = company.sudo().parent_ids
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT FROM res_company WHERE id IN %s FOR SHARE", parents._ids)
        )
        self.env.cr.execute(
            SQL(
                "SELECT FROM account_lock_exception WHERE company_id IN %s FOR SHARE",
                parents._ids,
            )
        )
        asked = company.with_user(SUPERUSER_ID)
        locks = {
            name: asked._get_user_lock_date(f"{name}_lock_date") for name in SOFT_LOCKS
        }
        return {**locks, "hard": asked.user_hard_lock_date}

    def _likenesses(self, system, plain: dict, drafts: dict) -> dict:
        """By document id, what likely duplicates share. It is written with what
        becomes of the document, and before twins are looked for."""
        found = {
            document.id: controls.likeness(plain[document], draft)
            for document, draft in drafts.items()
        }
        if taken := set(found.values()) - {None}:
            self.env["finance.likeness"]._take(system.company_id, taken)
        return found

    def _twins(self, documents, known) -> dict:
        """Equal documents that were there before, by document, within the longest
        window of the controls. One that is in the books was there before whichever
        came first: it may have overtaken a document that was held."""
        found = defaultdict(list)
        days = max(
            (each.window for each in known if each.duplicates != "ignore"), default=None
        )
        if days is None:
            return found
        rows = self.env.execute_query(
            SQL(
                """SELECT later.id, system.name || ' ' || earlier.source_id,
                          abs(earlier.occurred_at::date - later.occurred_at::date)
                     FROM finance_document later
                     JOIN finance_document earlier
                       ON earlier.company_id = later.company_id
                      AND earlier.likeness = later.likeness
                      AND (earlier.id < later.id
                           OR earlier.state IN ('posted', 'reconciled')
                          AND later.state NOT IN ('posted', 'reconciled'))
                      AND earlier.state NOT IN ('superseded', 'ignored')
                      AND earlier.compensation_id IS NULL
                      AND (earlier.system_id, earlier.source_id)
                       <> (later.system_id, later.source_id)
                     JOIN finance_system system ON system.id = earlier.system_id
                    WHERE later.id IN %s
                      AND abs(earlier.occurred_at::date - later.occurred_at::date)
                       <= %s""",
                documents._ids,
                days,
            )
        )
        for later, name, apart in rows:
            found[later].append(controls.Twin(name, apart))
        return found


class FinanceWaiting(models.AbstractModel):
    # what controls hold, they also let go
    _inherit = "finance.waiting"  # pylint: disable=consider-merging-classes-inherited

    def _has_come_period(self, exception, rest: str) -> bool:
        """Only where the control says to wait: else a person decides."""
        policy, name, through = rest.split(":")
        locks = self.env["finance.control.step"]._locks(exception.company_id)
        return policy == "hold" and str(locks[name]) < through
