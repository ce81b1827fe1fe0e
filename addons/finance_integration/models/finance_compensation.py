import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.errors import NeedsPerson, Refused

from .finance_poster import as_need

BATCH = 50

#: The last decision that counts about ``document``: what
#: :func:`finance_core.controls.verdict` says, for looking through all that is posted.
LAST_WORD = SQL(
    """(SELECT standing.verdict
          FROM (SELECT DISTINCT ON (told.decider_id) told.id, told.verdict
                  FROM finance_decision told
                 WHERE told.company_id = document.company_id
                   AND told.document_type = document.type
                   AND told.source_id = document.source_id
                   AND COALESCE(told.system_id, document.system_id)
                     = document.system_id
                   AND COALESCE(told.document_id, document.id) = document.id
                   AND told.verdict <> 'distinct'
                   AND (told.decider_id IS NULL OR told.decider_id = (
                        SELECT version.decider_id
                          FROM finance_control control
                          JOIN finance_control_version version
                            ON version.control_id = control.id
                         WHERE control.system_id = document.system_id
                           AND COALESCE(control.document_type, document.type)
                             = document.type
                           AND (control.flow_id IS NULL OR control.flow_id = (
                                SELECT message.flow_id FROM finance_message message
                                 WHERE message.id = document.message_id))
                           AND version.state = 'approved'
                           AND (version.valid_from IS NULL
                                OR version.valid_from
                                <= (now() AT TIME ZONE 'UTC')::date)
                           AND (version.valid_to IS NULL
                                OR version.valid_to
                                >= (now() AT TIME ZONE 'UTC')::date)
                         ORDER BY control.flow_id IS NULL,
                                  control.document_type IS NULL LIMIT 1))
                   AND (told.amount IS NULL OR document.amount IS NULL
                        OR (told.amount, told.currency_id)
                         = (abs(document.amount), document.currency_id))
                 ORDER BY told.decider_id, told.at DESC, told.revision DESC,
                          told.id DESC) standing
         ORDER BY standing.id DESC LIMIT 1)"""
)


class FinanceCompensation(models.AbstractModel):
    """Reverses, once, what documents posted whose release was taken back.

    What is to be done is read from the decisions: nobody has to hear of them in time.
    """

    _name = "finance.compensation"
    _description = "Compensating Entries"

    @api.model
    def _step(self, system):
        """Reverse what was revoked; one that cannot be is for a person, once."""
        known = self.env["finance.control.version"]._plain_controls(system)
        documents = self._revoked(system, after=0)
        while documents:
            for document, control, decisions in self._with_decisions(documents, known):
                self._guarded(document, control, decisions)
            documents = self._revoked(system, after=documents[-1].id)

    def _with_decisions(self, documents, known):
        decisions = self.env["finance.decision"]._plain_decisions(documents)
        found = self.env["finance.control.step"]._controls(known, documents)
        for document in documents:
            yield document, found[document.id], decisions[document.id]

    @api.model
    def _tell_released_again(self, documents):
        """What was taken back is not posted a second time by itself: when a later
        decision wants it, a person does that, unless the next one wants it no more."""
        for system, several in documents.grouped("system_id").items():
            known = self.env["finance.control.version"]._plain_controls(system)
            taken_back = several.filtered("compensation_id")
            taken_back -= self._replaced(several)
            for document, control, told in self._with_decisions(taken_back, known):
                try:
                    last = controls.verdict(self._canonical(document), control, told)
                except (NeedsPerson, Refused):
                    last = told[-1]  # purged or unreadable: a person looks at it
                need = _need_again(document, last.reason if last else "")
                exceptions = self.env["finance.exception"]
                if last and last.verdict == "approve":
                    exceptions._raise_for(system, need)
                else:
                    asked = [("system_id", "=", system.id), ("cause", "=", need.cause)]
                    reason = self.env._("The last decision is another one.")
                    exceptions.search(asked)._resolve(reason)

    def _replaced(self, documents):
        """Those of which a corrected revision goes its own way."""
        going = documents.filtered(
            lambda each: (
                not each.compensation_id and each.state not in ("superseded", "ignored")
            )
        )
        known = {(each.type, each.source_id) for each in going}
        return documents.filtered(lambda each: (each.type, each.source_id) in known)

    def _revoked(self, system, after: int):
        """Posted documents past the id ``after`` whose last decision is a revocation,
        locked: another worker that is at one of them wins, and this transaction is
        asked for again."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT document.id
                     FROM finance_document document
                    WHERE document.system_id = %s
                      AND document.state IN ('posted', 'reconciled')
                      AND document.compensation_id IS NULL
                      AND (document.type, document.source_id) IN (
                          SELECT document_type, source_id FROM finance_decision
                           WHERE verdict = 'revoke' AND company_id = %s)
                      AND document.id > %s
                      AND NOT EXISTS (
                          SELECT FROM finance_exception exception
                           WHERE exception.system_id = document.system_id
                             AND exception.cause = 'revoked:' || document.id)
                      AND %s = 'revoke'
                    ORDER BY document.id LIMIT %s
                      FOR UPDATE OF document""",
                system.id,
                system.company_id.id,
                after,
                LAST_WORD,
                BATCH,
            )
        )
        return self.env["finance.document"].browse(row[0] for row in rows)

    def _guarded(self, document, control, decisions):
        try:
            with self.env.cr.savepoint():
                last = controls.verdict(self._canonical(document), control, decisions)
                if last and last.verdict == "revoke":
                    self._compensate(document, last.reason)
        except psycopg2.OperationalError:
            raise  # the database asks for the whole transaction again
        except Exception as error:
            self.env["finance.exception"]._raise_for(
                document.system_id, _need(document, as_need(error))
            )

    def _canonical(self, document):
        """Raises NeedsPerson when it was purged."""
        if document.purged_at:
            raise NeedsPerson(
                "revoked",
                "its content was purged after its retention time.",
                "Look whether the decision is about it. If so, reverse the entry by"
                " hand. Then close this.",
                category="control",
            )
        return document._plain()

    def _compensate(self, document, reason: str):
        """Odoo's own reversals, dated today and reconciled with the entries. One that
        a person made already counts."""
        reversals = self.env["account.move"].union(
            *(self._reversal(entry) for entry in self._own_entries(document))
        )
        document.write(
            {
                "compensation_id": reversals[:1].id,
                "move_ids": [fields.Command.link(move.id) for move in reversals],
                "reason": self.env._("Taken back: %s", reason),
            }
        )
        self.env["finance.log"]._append(
            {**row, "move_id": reversals[:1].id}
            for row in document._log_rows("document.compensated", reason)
        )

    def _reversal(self, entry):
        known = entry.reversal_move_ids.filtered(lambda each: each.state == "posted")
        if known and entry.is_invoice() and entry.payment_state != "reversed":
            raise NeedsPerson(
                "revoked",
                f"{', '.join(known.mapped('name'))} credited a part of {entry.name}.",
                "Credit the rest by hand, then close this with its number.",
                category="control",
            )
        if known:
            return known
        today = fields.Date.context_today(entry)
        ref = self.env._("Taken back: %(what)s", what=entry.name)
        values = {"date": today, "ref": ref}
        entry = entry.with_company(entry.company_id)
        if entry.is_invoice():
            reversal = self.env["finance.invoicer"]._reverse(entry, values)
        else:
            reversal = entry._reverse_moves([values], cancel=True)
        self._check_date(reversal, today)
        return reversal

    def _own_entries(self, document):
        """What this document alone posted: its entry first, then the differences that
        were written off with it. Raises NeedsPerson."""
        entries = document.move_ids.sorted("id")
        if (
            not entries
            or any(entry.finance_document_ids != document for entry in entries)
            or document.state == "reconciled"
            or document.rule_version_id.credit_note
        ):
            raise NeedsPerson(
                "revoked",
                f"{document.source_id} was posted together with others.",
                "Post a correcting entry, then close this with its number.",
                category="control",
            )
        return entries

    def _check_date(self, reversal, day):
        """Odoo dates what falls into a locked period after it, without a word."""
        if reversal.date != day:
            raise NeedsPerson(
                "revoked",
                f"{day} lies in a period that is locked.",
                "Reverse the entry by hand in an open period, then close this.",
                category="control",
            )


def _need(document, need: NeedsPerson) -> NeedsPerson:
    return NeedsPerson(
        f"revoked:{document.id}",
        f"The release of {document.source_id} was taken back, but its entry could not"
        f" be reversed: {need}",
        need.remedy,
        category="control",
        field="Document",
        value=document.source_id,
        action="close",
    )


def _need_again(document, reason: str) -> NeedsPerson:
    return NeedsPerson(
        f"released_again:{document.id}",
        f"{document.source_id} was released again after its entry had been taken back:"
        f" {reason}",
        f"Reverse {document.compensation_id.name} if the money belongs in the books,"
        " then close this.",
        category="control",
        field="Document",
        value=document.source_id,
        action="close",
    )
