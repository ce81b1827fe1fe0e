import logging
from collections import defaultdict

from odoo import api, fields, models

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.connector import Unreadable
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import NeedsPerson, Refused

from ..keyring import NoKey

_logger = logging.getLogger(__name__)

DONE = ("posted", "reconciled")
WAITING = ("normalised", "held")


class FinanceNormaliser(models.AbstractModel):
    """Messages become documents: parsed, deduplicated, put in order of revisions."""

    _name = "finance.normaliser"
    _description = "Normaliser"

    @api.model
    def _normalise(self, system, messages):
        """Parse ``messages`` of one system; a bad one does not hinder the others."""
        connector = system._plain_connector()
        found: dict[tuple, tuple] = {}
        parsed = self.env["finance.message"]
        for message, token in messages._tokens():
            read = self._parse(system, connector, message, token)
            if read is None:
                continue
            unreadable = [each for each in read if isinstance(each, Unreadable)]
            if unreadable:
                self._reject(system, message, _words(unreadable, len(read)))
            else:
                parsed |= message
            for document in read:
                if isinstance(document, Unreadable):
                    continue
                key = (document.type, document.source_id, document.digest())
                found.setdefault(key, (message, document))
        new = self._store(system, found)
        for key in new:
            message, document = found[key]
            for pull in connector.follow_ups(document):
                self.env["finance.engine"]._want_pull(system, pull.stream, pull.scope)
        parsed._set_state(
            "processed", processed_at=fields.Datetime.now(), next_attempt_at=False
        )
        self.env["finance.exception"].search(
            [
                ("message_id", "in", parsed.ids),
                ("cause", "=like", "message:%"),
                ("state", "=", "open"),
            ]
        )._resolve(self.env._("The message could be read this time."))

    def _parse(self, system, connector, message, token) -> list | None:
        """What one message tells; None when it could not be read as a whole."""
        try:
            return list(connector.parse(message._delivery(token)))
        except NoKey as error:
            message._fail(str(error))
        except Refused as refusal:
            self._reject(system, message, str(refusal))
        except Exception as error:
            # a fault of a connector must not stop the neighbours; the text of an
            # unknown error may quote the payload, so only its kind is kept
            _logger.error(
                "%s could not parse message %s: %s",
                connector.code,
                message.id,
                type(error).__name__,
            )
            message._fail(f"{connector.label}: {type(error).__name__}")
        return None

    def _reject(self, system, message, reason: str):
        """What was readable of it goes on; a replay reads the rest later."""
        message._set_state("rejected", error=reason, processed_at=fields.Datetime.now())
        need = NeedsPerson(
            f"message:{message.id}",
            f"Message {message.identity} cannot be read: {reason}",
            "Ask the source to send it again in the agreed form, or replay it once the"
            " connector understands it.",
            field=self.env._("Message"),
            value=message.identity,
            action="replay",
        )
        self.env["finance.exception"]._raise_for(system, need, message_id=message.id)

    def _store(self, system, found: dict) -> dict[tuple, int]:
        currencies, masker = self._currency_ids(), system._masker()
        rows = [
            self._row(system, message, document, digest, currencies, masker)
            for (_type, _source, digest), (message, document) in found.items()
        ]
        new = self.env["finance.document"]._insert(rows)
        documents = self.env["finance.document"].browse(new.values())
        self.env["finance.log"]._append(documents._log_rows("document.normalised"))
        self._order_revisions(system, documents)
        self.env["finance.payout"]._learn(documents)
        self.env["finance.party"]._propose(system, documents)
        self.env["finance.decision"]._learn(documents)
        return new

    def _currency_ids(self) -> dict[str, int]:
        currencies = self.env["res.currency"].with_context(active_test=False)
        return {each.name: each.id for each in currencies.search([])}

    def _row(
        self, system, message, document: Document, digest, currencies, masker
    ) -> dict:
        return {
            "system_id": system.id,
            "company_id": system.company_id.id,
            "message_id": message.id,
            "type": document.type,
            "category": document.category or None,
            "source_id": document.source_id,
            "revision": document.revision,
            "state": "normalised",
            "priority": message.priority,
            "digest": digest,
            "financial_digest": document.financial_digest(),
            "correlation_id": document.correlation_id,
            "occurred_at": document.occurred_at.replace(tzinfo=None),
            "currency_id": currencies.get(document.currency),
            "amount": controls.stated(document),
            **self.env["finance.document"]._stored_form(document, masker),
        }

    def _order_revisions(self, system, documents):
        """One object of the source has one current document: the latest revision.

        Older ones are superseded, whichever came first. What came after the object
        was posted is superseded too when its money is the same, and held for a
        person when it is not.
        """
        if not documents:
            return
        versions = self.env["finance.document"].search(
            [
                ("system_id", "=", system.id),
                ("type", "in", list(set(documents.mapped("type")))),
                ("source_id", "in", documents.mapped("source_id")),
                ("state", "!=", "superseded"),
            ]
        )
        objects = defaultdict(self.env["finance.document"].browse)
        for version in versions:
            objects[version.type, version.source_id] |= version
        for several in objects.values():
            if len(several) > 1:
                self._keep_current(system, several)

    def _keep_current(self, system, versions):
        booked = versions.filtered(lambda each: each.state in DONE)
        posted = booked.filtered(lambda each: not each.compensation_id)
        rest = versions - booked
        if not posted:  # or what was posted was taken back
            newest = versions.sorted(lambda each: (each.revision, each.id))[-1:]
            older = rest - newest
            older._set_state("superseded", reason=self.env._("A newer one came."))
            return
        latest = max(posted.mapped("revision"))
        changed = rest.filtered(
            lambda each: (
                each.revision >= latest
                and each.financial_digest not in posted.mapped("financial_digest")
            )
        )
        (rest - changed)._set_state(
            "superseded", reason=self.env._("The same was posted already.")
        )
        for document in changed:
            document._hold(document._changed_after_posting())


def _words(unreadable: list[Unreadable], count: int) -> str:
    first = unreadable[0]
    return f"{len(unreadable)} of {count} items; number {first.place}: {first.reason}"
