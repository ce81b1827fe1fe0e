import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from odoo import api, fields, models

from odoo.addons.finance_core.connector import Unreadable
from odoo.addons.finance_core.contract.envelope import Document
from odoo.addons.finance_core.errors import NeedsPerson, Refused

from ..keyring import NoKey
from .finance_document import LATER, PLACES

_logger = logging.getLogger(__name__)

DONE = ("posted", "reconciled")


@dataclass
class Told:
    """A canonical document, the message that told of it first, and its last places in
    what deliveries told: ``place`` as news, ``repeated`` where it may only have been
    repeated late; 0 for never."""

    document: Document
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
        found: dict[tuple, Told] = {}
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
                told = found.setdefault(_key(document), Told(document, message))
                place = message.id * PLACES + number
                if message in returned:
                    told.repeated = place
                else:
                    told.place = max(told.place, place)
        new = self._store(system, found)
        for key in new:
            for pull in connector.follow_ups(found[key].document):
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

    def _store(self, system, found: Mapping[tuple, Told]) -> dict[tuple, int]:
        currencies, masker = self._currency_ids(), system._masker()
        rows = [
            self._row(system, told, digest, currencies, masker)
            for (_type, _source, digest), told in found.items()
        ]
        new = self.env["finance.document"]._insert(rows)
        documents = self.env["finance.document"].browse(new.values())
        self.env["finance.log"]._append(documents._log_rows("document.normalised"))
        again = self.env["finance.document"]._tell_again(
            system,
            {
                key: told.place
                for key, told in found.items()
                if key not in new and told.place
            },
        )
        self._order_revisions(documents, again)
        self.env["finance.payout"]._learn(documents | again)
        self.env["finance.party"]._propose(system, documents)
        self.env["finance.decision"]._learn(documents)
        return new

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

    def _row(self, system, told: Told, digest, currencies, masker) -> dict:
        message, document = told.message, told.document
        return {
            "system_id": system.id,
            "company_id": system.company_id.id,
            "message_id": message.id,
            "type": document.type,
            "category": document.category or None,
            "source_id": document.source_id,
            "revision": document.revision,
            "last_told": told.place or None,
            "state": "normalised",
            "priority": message.priority,
            "digest": digest,
            "financial_digest": document.financial_digest(),
            "correlation_id": document.correlation_id,
            "occurred_at": document.occurred_at.replace(tzinfo=None),
            "currency_id": currencies.get(document.currency),
            "amount": getattr(document, "amount", None),
            **self.env["finance.document"]._stored_form(document, masker),
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
