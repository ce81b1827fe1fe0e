import logging
from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.connector import Unreadable
from odoo.addons.finance_core.contract.envelope import Document, Written
from odoo.addons.finance_core.errors import NeedsPerson, Refused

from ..keyring import NoKey

_logger = logging.getLogger(__name__)

DONE = ("posted", "reconciled")
WAITING = ("normalised", "held")


class Found(NamedTuple):
    """A document, and the message that told of it first."""

    message: models.BaseModel
    document: Document
    written: Written


class FinanceNormaliser(models.AbstractModel):
    """Messages become documents: parsed, deduplicated, put in order of revisions."""

    _name = "finance.normaliser"
    _description = "Normaliser"

    @api.model
    def _normalise(self, system, messages):
        """Parse ``messages`` of one system; a bad one does not hinder the others."""
        connector = system._plain_connector()
        found: dict[tuple, Found] = {}  # what is told twice is there once
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
                written = document.written()
                key = (document.type, document.source_id, written.digest)
                found.setdefault(key, Found(message, document, written))
        for document in self._store(system, found).values():
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

    def _store(self, system, found: Mapping) -> dict:
        """The canonical documents that are new, by document."""
        told = [each.document for each in found.values()]
        listed = self.env["finance.payout"]._listed_by(system, told)
        rows = self._rows(system, found.values(), listed)
        ids = self.env["finance.document"]._insert(rows)
        documents = self.env["finance.document"].browse(ids.values())
        new = {
            document: found[key].document
            for key, document in zip(ids, documents, strict=True)
        }
        documents._read_now().update({each.id: told for each, told in new.items()})
        self._order_revisions(system, documents)
        self._tell(system, new)
        return new

    def _tell(self, system, new: Mapping):
        """Those whom what is new concerns."""
        documents = self.env["finance.document"]
        parties = documents._of_type(new, "customer", "supplier")
        self.env["finance.payout"]._learn(system, new)
        self.env["finance.party"]._propose(system, parties)
        self.env["finance.decision"]._learn(documents._of_type(new, "risk_decision"))

    def _rows(self, system, found: Iterable[Found], listed: Mapping) -> list[dict]:
        """``found`` as it is stored; ``listed``: payout ids by (type, source id)."""
        documents = self.env["finance.document"]
        currencies, masker = self._currency_ids(), system._masker()
        origin = cache(partial(self._origin, system))
        return [
            {
                **origin(each.message),
                **self._row(each, currencies),
                **documents._stored_form(each.written, masker),
                "payout_id": listed.get((each.document.type, each.document.source_id)),
            }
            for each in found
        ]

    def _currency_ids(self) -> dict[str, int]:
        currencies = self.env["res.currency"].with_context(active_test=False)
        return {each.name: each.id for each in currencies.search([])}

    def _origin(self, system, message) -> dict:
        """What all documents of a message have in common."""
        return {
            "system_id": system.id,
            "company_id": system.company_id.id,
            "message_id": message.id,
            "state": "normalised",
            "priority": message.priority,
        }

    def _row(self, found: Found, currencies) -> dict:
        document, written = found.document, found.written
        amount = controls.stated(document)
        return {
            "type": document.type,
            "category": document.category or None,
            "source_id": document.source_id,
            "revision": document.revision,
            "digest": written.digest,
            "financial_digest": written.financial_digest,
            "correlation_id": document.correlation_id,
            "occurred_at": document.occurred_at.replace(tzinfo=None).isoformat(),
            "currency_id": currencies.get(document.currency),
            "amount": amount if amount is None else str(amount),
        }

    def _order_revisions(self, system, documents):
        """One object of the source has one current document: the latest revision.

        Older ones are superseded, whichever came first. What came after the object
        was posted is superseded too when its money is the same, and held for a
        person when it is not.
        """
        for (ids,) in self.env.execute_query(
            SQL(
                """SELECT array_agg(version.id)
                     FROM (SELECT DISTINCT type, source_id FROM finance_document
                            WHERE id = ANY(%(new)s)) told
                     JOIN finance_document version
                       ON version.system_id = %(system)s
                      AND version.type = told.type
                      AND version.source_id = told.source_id
                      AND version.state <> 'superseded'
                    GROUP BY told.type, told.source_id HAVING count(*) > 1""",
                new=documents.ids,
                system=system.id,
            )
        ):
            self._keep_current(system, documents.browse(ids))

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
