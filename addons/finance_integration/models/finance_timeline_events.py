from collections.abc import Iterator

from odoo import SUPERUSER_ID, fields, models
from odoo.tools import LazyTranslate
from odoo.tools.misc import formatLang

from .finance_timeline import RECORDS, Story

_lt = LazyTranslate(__name__)

ENTRIES = 500  #: of the log, for one kind of record
CARDS = 10
LAST = 2**31  #: after every entry of the log that was written in the same second
#: event of the log -> (what a person calls it, how it looks)
WORDS = {
    "message.received": (_lt("Delivered"), "info"),
    "message.processed": (_lt("Read completely"), "info"),
    "message.rejected": (_lt("Could not be read"), "danger"),
    "message.retrying": (_lt("To be tried again"), "warning"),
    "message.dead": (_lt("Given up"), "danger"),
    "message.revealed": (_lt("What travelled was looked at"), "warning"),
    "message.purged": (_lt("What travelled was purged"), "muted"),
    "document.normalised": (_lt("Recorded"), "info"),
    "document.mapped": (_lt("Mapped"), "info"),
    "document.ready": (_lt("Ready, waits for its payout"), "info"),
    "document.held": (_lt("Held"), "danger"),
    "document.posted": (_lt("Posted"), "success"),
    "document.reconciled": (_lt("Reconciled"), "success"),
    "document.ignored": (_lt("Nothing to post"), "muted"),
    "document.superseded": (_lt("Replaced"), "muted"),
    "exception.waiting": (_lt("Waits for what it refers to"), "info"),
    "document.revealed": (_lt("Hidden data was looked at"), "warning"),
    "document.purged": (_lt("Content was purged"), "muted"),
    "document.kept": (_lt("To be kept"), "info"),
    "document.kept_no_more": (_lt("No longer to be kept"), "info"),
    "exception.opened": (_lt("A person is needed"), "danger"),
    "exception.resolved": (_lt("Exception cleared"), "success"),
    "payout.open": (_lt("Payout to be proved"), "info"),
    "payout.flagged": (_lt("The payout does not tie"), "danger"),
    "payout.tied": (_lt("The payout ties"), "success"),
    "payout.unlisted": (_lt("Paid out, without a list"), "info"),
    "payout.written_off": (_lt("A difference was written off"), "warning"),
    "payout.cleared": (_lt("The payout is in the bank"), "success"),
}


class FinanceTimeline(models.AbstractModel):
    _inherit = "finance.timeline"

    def _tell(self, asked: Story) -> dict:
        """``found``: what was asked for, each as of :meth:`_card`. ``events``: what
        happened, oldest first, each as of :meth:`_event`. ``more``: there is more than
        is told."""
        story = self._follow(asked)
        events = [*self._entries(story), *self._settlements(story)]
        events += self._approvals(
            story.documents, since=min(map(_at, events), default="")
        )
        full = (len(records) >= RECORDS for records in (story.documents, story.moves))
        return {
            "found": [self._card(each) for each in [*asked.records()][:CARDS]],
            "events": sorted(events, key=lambda event: (event["at"], event["order"])),
            "more": any(full),
        }

    def _card(self, record) -> dict:
        states = dict(record._fields["state"]._description_selection(self.env))
        kind = record._name.rpartition(".")[2]
        return {**self._link(record), "kind": kind, "state": states[record.state]}

    def _event(self, at, words, tone, *, order=0, detail="", who="", links=()) -> dict:
        """``at``: UTC, as Odoo writes it. ``tone``: success, info, warning, danger or
        muted. ``links``: each as of :meth:`_link`."""
        return {
            "at": fields.Datetime.to_string(at),
            "order": order,
            "words": words,
            "tone": tone,
            "detail": detail or "",
            "who": who or "",
            "links": [self._link(record) for record in links],
        }

    def _link(self, record) -> dict:
        name = record.display_name or f"#{record.id}"
        return {"model": record._name, "id": record.id, "name": name}

    # -- steps of the road -----------------------------------------------------------

    def _entries(self, story: Story) -> Iterator[dict]:
        logs = self._logs(story)
        moves = self.env["account.move"].browse({log.move_id for log in logs} - {0})
        moves = self._visible(moves).grouped("id")
        recorded = set()
        for log in logs.sorted("id"):
            words, tone = WORDS.get(log.event, (log.label, "muted"))
            if log.event == "document.normalised" and log.document_id in recorded:
                words = _lt("Tried again")
            recorded.add(log.document_id)
            yield self._event(
                log.at,
                self.env._(words),
                tone,
                order=log.id,
                detail=log.detail,
                who=self._who(log.user_id),
                links=self._subjects(log, moves.get(log.move_id)),
            )

    def _logs(self, story: Story):
        """The entries of the log, by one bounded query for each kind of record."""
        logs = self.env["finance.log"]
        for domain in (
            [("document_id", "in", story.documents.ids)],
            [("message_id", "in", story.messages.ids), ("document_id", "=", False)],
            [("exception_id", "in", story.exceptions.ids), ("document_id", "=", False)],
            [("payout_id", "in", story.payouts.ids)],
        ):
            logs |= logs.search(domain, order="id", limit=ENTRIES)
        return logs

    def _subjects(self, log, move) -> Iterator[models.BaseModel]:
        """The records a step leads to."""
        if log.document_id:
            yield log.document_id
            if log.event == "document.posted":
                if move:
                    yield move
                yield from log.document_id.rule_version_id
                yield from log.document_id.mapping_version_ids
            elif log.event == "document.held":
                yield from log.exception_id
        else:
            yield from log.exception_id or log.payout_id or log.message_id

    def _who(self, user) -> str:
        """A person's name; the engine has none."""
        # sudo: the name only, of somebody who may be of another company
        return user.sudo().name if user.id != SUPERUSER_ID else ""

    # -- what happened beside the road -------------------------------------------------

    def _approvals(self, documents, since: str) -> Iterator[dict]:
        """The approvals that let the story go on; older ones are told by the version
        itself."""
        for version in [*documents.rule_version_id, *documents.mapping_version_ids]:
            at = version.approved_at
            if at and fields.Datetime.to_string(at) >= since:
                yield self._event(
                    at,
                    self.env._("Approved"),
                    "success",
                    # sudo: the name only
                    who=version.approved_by_id.sudo().name,
                    links=[version],
                )

    def _settlements(self, story: Story) -> Iterator[dict]:
        """What the entries of the story were reconciled with, and the bank lines its
        payouts were seen on."""
        moves = story.moves
        lines = self._search("account.move.line", [("move_id", "in", moves.ids)])
        for partial, own, other in self._partials(
            lines | story.payouts._transit_lines()
        ):
            bank = other.move_id.statement_line_id or own.move_id.statement_line_id
            amount, currency = partial.debit_amount_currency, partial.debit_currency_id
            yield self._event(
                partial.create_date,
                self.env._("Seen on the bank statement")
                if bank
                else self.env._("Reconciled"),
                "success",
                order=LAST,
                detail=formatLang(self.env, amount, currency_obj=currency),
                who=self._who(partial.create_uid),
                links=[own.move_id, bank or other.move_id],
            )


def _at(event: dict) -> str:
    return event["at"]
