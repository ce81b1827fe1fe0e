import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from odoo import api, fields, models

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.connector import Unreadable
from odoo.addons.finance_core.contract.envelope import Document, Written
from odoo.addons.finance_core.errors import NeedsPerson, Refused

from ..keyring import NoKey
from .finance_document import LATER, PLACES

_logger = logging.getLogger(__name__)

DONE = ("posted", "reconciled")


@dataclass
class Told:
    """A canonical document and how it is written, the message that told of it first,
    and its last places in what deliveries told: ``place`` as news, ``repeated`` where
    it may only have been repeated late; 0 for never."""

    document: Document
    written: Written
    message: models.BaseModel
    place: int = 0
    repeated: int = 0


class FinanceNormaliser(models.AbstractModel):
    """Messages become documents: parsed, deduplicated, put in order of revisions."""

    _name = "finance.normaliser"
    _description = "Normaliser"

    @api.model
    def _normalise(self, system, messages):
        """Parse ``messages`` of one system; a bad one does not hinder the others."""
        connector = system._plain_connector()
        found: dict[tuple, Told] = {}  # what is told twice is there once
        parsed = self.env["finance.message"]
        returned = messages._returned()
        for message, token in messages._tokens():
            read = self._parse(system, connector, message, token)
            if read is None:
                continue
            unreadable = [each for each in read if isinstance(each, Unreadable)]
            if unreadable:
                self._reject(system, message, _words(unreadable, len(read)))
            else:
                parsed |= message
            for number, document in enumerate(read):
                if isinstance(document, Unreadable):
                    continue
                written = document.written()
                key = (document.type, document.source_id, written.digest)
                told = found.setdefault(key, Told(document, written, message))
                place = message.id * PLACES + number
                if message in returned:
                    told.repeated = place
                else:
                    told.place = max(told.place, place)
        new = self._store(system, found)
        for document in new.values():
            for pull in connector.follow_ups(document):
                self.env["finance.engine"]._want_pull(system, pull.stream, pull.scope)
        self._ask_about_repeated(system, found)
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

    def _store(self, system, found: Mapping[tuple, Told]) -> dict:
        """The canonical documents that are new, by document."""
        listed = self.env["finance.payout"]._listed_by(
            system, [each.document for each in found.values()]
        )
        rows = self._rows(system, found.values(), listed)
        ids = self.env["finance.document"]._insert(rows)
        documents = self.env["finance.document"].browse(ids.values())
        new = {
            document: found[key].document
            for key, document in zip(ids, documents, strict=True)
        }
        documents._read_now().update({each.id: told for each, told in new.items()})
        again = self._told_again(system, found, ids)
        self._order_revisions(documents, documents.concat(*again))
        self._tell(system, new, again)
        return new

    def _told_again(self, system, found: Mapping[tuple, Told], new) -> dict:
        """The canonical documents that are the last word again, by document: their
        keys are not among ``new``."""
        places = {
            key: told.place
            for key, told in found.items()
            if key not in new and told.place
        }
        return {
            each: found[each.type, each.source_id, each.digest].document
            for each in self.env["finance.document"]._tell_again(system, places)
        }

    def _tell(self, system, new: Mapping, again: Mapping):
        """Those whom what is new, or counts again, concerns."""
        documents = self.env["finance.document"]
        told = {**new, **again}
        parties = documents._of_type(new, "customer", "supplier")
        self.env["finance.payout"]._learn(system, told)
        self.env["finance.party"]._propose(system, parties)
        self.env["finance.decision"]._learn(
            {each: told[each] for each in documents._of_type(told, "risk_decision")}
        )

    def _rows(self, system, told: Iterable[Told], listed: Mapping) -> list[dict]:
        """``told`` as it is stored; ``listed``: payout ids by (type, source id)."""
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
            for each in told
        ]

    @api.model
    def _is_news(self, system, delivery) -> bool:
        """Whether a page that was pulled before tells what other content has replaced
        since: the source says it again."""
        try:
            read = list(system._plain_connector().parse(delivery))
        except Exception:
            return False  # as it was the first time, when a person was told
        told = {_key(each): LATER for each in read if not isinstance(each, Unreadable)}
        return bool(self.env["finance.document"]._overtaken(system, told))

    def _ask_about_repeated(self, system, found: Mapping[tuple, Told]):
        """People, about what was repeated after other content had replaced it."""
        told = {key: each.repeated for key, each in found.items() if each.repeated}
        for document in self.env["finance.document"]._overtaken(system, told):
            place = told[document.type, document.source_id, document.digest]
            message = self.env["finance.message"].browse(place // PLACES)
            self.env["finance.exception"]._raise_for(
                system, document._returned_under(message), message_id=message.id
            )

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

    def _row(self, told: Told, currencies) -> dict:
        document, written = told.document, told.written
        amount = controls.stated(document)
        return {
            "type": document.type,
            "category": document.category or None,
            "source_id": document.source_id,
            "revision": document.revision,
            "last_told": told.place or None,
            "digest": written.digest,
            "financial_digest": written.financial_digest,
            "correlation_id": document.correlation_id,
            "occurred_at": document.occurred_at.replace(tzinfo=None).isoformat(),
            "currency_id": currencies.get(document.currency),
            "amount": amount if amount is None else str(amount),
        }

    def _order_revisions(self, documents, again):
        """One object of the source has one current document: the latest revision, and
        of equal revisions what was told last. ``documents`` are new, ``again`` told
        of once more after other content.

        All others are superseded, whichever came first. What changes the money after
        the object was posted is held for a person.
        """
        objects = defaultdict(self.env["finance.document"].browse)
        for version in (documents | again)._with_other_versions():
            objects[version.type, version.source_id] |= version
        for several in objects.values():
            self._keep_current(several, again)

    def _keep_current(self, versions, again):
        newest = versions.sorted(lambda each: each._place_told())[-1]
        booked = versions.filtered(lambda each: each.state in DONE)
        posted = booked.filtered(lambda each: not each.compensation_id)
        is_posted = newest.financial_digest in posted.mapped("financial_digest")
        self._supersede(versions - booked - newest, newest, posted)
        if newest in booked and not posted:  # it was taken back, for good
            return
        if is_posted:
            self._supersede(newest - booked, newest, posted)
            return
        if newest.state == "superseded" and newest in again:
            newest._set_state("normalised", reason=False)
        if posted:
            self._hold_changed(newest)

    def _hold_changed(self, document):
        """What was posted is not what the source says now: a person's. What people
        have decided about before stays as they did."""
        need = document._changed_after_posting()
        if document.state in DONE:  # and was taken back since
            self.env["finance.exception"]._raise_for(document.system_id, need)
        elif document.state not in ("ignored", "superseded"):
            document._hold(need)

    def _supersede(self, versions, newest, posted):
        """They are not what the source says last; each with the true reason."""
        reasons = defaultdict(self.env["finance.document"].browse)
        for version in versions:
            if version.state != "superseded":
                reasons[self._why_superseded(version, newest, posted)] |= version
        for reason, several in reasons.items():
            several._set_state("superseded", reason=reason)
            several.exception_id._resolve_unless_waiting()

    def _why_superseded(self, version, newest, posted) -> str:
        if version.financial_digest in posted.mapped("financial_digest"):
            return self.env._("The same was posted already.")
        if version.revision == newest.revision:
            return self.env._("The source told something else later.")
        if version._place_told()[1:] > newest._place_told()[1:]:
            return self.env._("It came late: a newer revision was here before it.")
        return self.env._("A newer revision came.")


def _key(document: Document) -> tuple[str, str, str]:
    """What makes two documents of a system the same."""
    return document.type, document.source_id, document.digest()


def _words(unreadable: list[Unreadable], count: int) -> str:
    first = unreadable[0]
    return f"{len(unreadable)} of {count} items; number {first.place}: {first.reason}"
