import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import contract, states
from odoo.addons.finance_core.contract import document_from_json
from odoo.addons.finance_core.contract.envelope import Document, Written
from odoo.addons.finance_core.errors import NeedsPerson, Refused
from odoo.addons.finance_core.personal import Masker
from odoo.addons.finance_core.words import in_words

from .. import keyring
from ..priorities import NORMAL, PRIORITIES
from ..trace import Trace, Traces, keep_rows
from .finance_exception_care import in_company_currency

STATES = [
    ("normalised", "Received"),
    ("mapped", "Mapped"),
    ("ready", "Ready"),
    ("held", "Held"),
    ("posted", "Posted"),
    ("reconciled", "Reconciled"),
    ("ignored", "Ignored"),
    ("superseded", "Superseded"),
]
NONE: Mapping[int, int] = MappingProxyType({})
MOVEMENTS = ("balance_transaction", "event")
PLACES = 10**6  #: more than one delivery can tell of
LATER = 10**15  #: than everything told so far
#: of a row from before this was written down, it is the delivery that told first
LAST_TOLD = "COALESCE({0}.last_told, {0}.message_id * 1000000::numeric)"
DOCUMENT_TOLD, OTHER_TOLD = (
    SQL(LAST_TOLD.format(alias)) for alias in ("document", "other")
)
#: what a new document is written with, as JSON tells it to PostgreSQL
INSERTED = {
    "system_id": "int4",
    "company_id": "int4",
    "message_id": "int4",
    "payout_id": "int4",
    "type": "text",
    "category": "text",
    "source_id": "text",
    "revision": "numeric",
    "last_told": "numeric",
    "state": "text",
    "priority": "text",
    "digest": "text",
    "financial_digest": "text",
    "correlation_id": "text",
    "occurred_at": "timestamp",
    "currency_id": "int4",
    "amount": "numeric",
    "description": "text",
    "content": "text",
    "sealed": "text",
}


class FinanceDocument(models.Model):
    """One canonical finance object made from messages: what happened, in our words."""

    _name = "finance.document"
    _description = "Finance Document"
    _order = "occurred_at desc, id desc"
    _log_access = False
    _rec_name = "source_id"

    system_id = fields.Many2one(
        "finance.system", required=True, readonly=True, ondelete="restrict"
    )
    company_id = Trace("res.company", required=True, readonly=True)  # the system's
    message_id = Trace(
        "finance.message",
        readonly=True,
        index=True,
        help="The delivery that told of it first.",
    )
    type = fields.Selection(
        selection=lambda self: self._type_selection(), required=True, readonly=True
    )
    category = fields.Char(readonly=True)
    category_words = fields.Char("Kind", compute="_compute_category_words")
    source_id = fields.Char("Foreign ID", required=True, readonly=True, index=True)
    revision = fields.Float(digits=(16, 0), readonly=True)
    last_told = fields.Float(
        digits=(16, 0),
        readonly=True,
        help="Orders what deliveries told: the number of the last that told of it, and"
        " the place in it.",
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    priority = fields.Selection(
        PRIORITIES, required=True, readonly=True, default=NORMAL
    )
    digest = fields.Char(required=True, readonly=True)
    financial_digest = fields.Char(required=True, readonly=True)
    correlation_id = fields.Char("Business Case", readonly=True, index=True)
    occurred_at = fields.Datetime(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True)
    description = fields.Char(readonly=True)
    # closed to everybody: screens show it through the masking rules of today
    content = fields.Text(
        "Canonical Form",
        readonly=True,
        groups=fields.NO_ACCESS,
        prefetch=False,  # who looks at many documents seldom reads them whole
        help="Without what is personal.",
    )
    sealed = fields.Binary(
        attachment=False,
        readonly=True,
        groups=fields.NO_ACCESS,
        help="The whole canonical form, encrypted; empty when nothing is personal.",
    )
    detail_html = fields.Html("Details", compute="_compute_detail_html")
    reason = fields.Char(readonly=True, help="Why it is ignored, held or waiting.")
    rule_version_id = fields.Many2one(
        "finance.posting.rule.version", readonly=True, ondelete="restrict"
    )
    mapping_version_ids = Traces(
        "finance.mapping.version",
        relation="finance_document_version_rel",
        column1="document_id",
        column2="version_id",
        readonly=True,
    )
    payout_id = fields.Many2one("finance.payout", readonly=True, index="btree_not_null")
    exception_id = fields.Many2one(
        "finance.exception", readonly=True, index="btree_not_null"
    )
    move_ids = fields.Many2many(
        "account.move",
        relation="finance_document_move_rel",
        column1="document_id",
        column2="move_id",
        readonly=True,
    )
    move_count = fields.Integer(compute="_compute_move_count")
    log_ids = fields.One2many("finance.log", "document_id")

    _content_unique = models.UniqueIndex("(system_id, type, source_id, digest)")
    _by_state = models.Index("(system_id, state, occurred_at)")
    _newest = models.Index("(occurred_at DESC, id DESC)")
    _held = models.Index(
        "(exception_id, currency_id) INCLUDE (amount) WHERE state = 'held'"
    )
    _waiting = models.Index(
        "(system_id, priority, occurred_at, id) WHERE state = 'normalised'"
    )

    def init(self):
        keep_rows(self.env.cr, self._table)
        return super().init()

    @api.model
    def _type_selection(self):
        return [(name, in_words(name)) for name in contract.TYPES]

    @api.depends("category")
    def _compute_category_words(self):
        for document in self:
            document.category_words = in_words(document.category or "")

    @api.model
    def formatted_read_group(self, domain, groupby=(), *args, **kwargs):
        """Groups by category are headed by words."""
        groups = super().formatted_read_group(domain, groupby, *args, **kwargs)
        for group in groups:
            if group.get("category"):
                group["category"] = in_words(group["category"])
        return groups

    @api.depends("source_id", "type", "category")
    def _compute_display_name(self):
        types = dict(self._type_selection())
        for document in self:
            # what kind of movement says more than that it is one
            told = document.category if document.type in MOVEMENTS else ""
            kind = in_words(told) if told else types.get(document.type, "")
            document.display_name = f"{kind} {document.source_id or ''}".strip()

    @api.depends("move_ids")
    def _compute_move_count(self):
        for document in self:
            document.move_count = len(document.move_ids)

    @api.depends_context("uid")
    @api.depends("content")
    def _compute_detail_html(self):
        for document in self:
            document.detail_html = self.env["ir.qweb"]._render(
                "finance_integration.document_details",
                {"rows": document._detail_rows()},
                raise_if_not_found=False,
            )

    def _detail_rows(self) -> list[tuple[str, str]]:
        """(label, value) pairs of the canonical form, for people; what is personal
        stays hidden."""
        # sudo: read to show it, masked by the rules of today
        plain = self._masked(json.loads(self.sudo().content))
        references = plain.pop("references", ())
        plain = {name: plain[name] for name in plain if name not in ("type", "version")}
        named = {each["role"]: each["value"] for each in references}
        return [*_flatten(plain), *_flatten(named, self.env._("Reference"))]

    def _masked(self, plain: dict) -> dict:
        """The canonical form as people may see it."""
        # sudo: how a system's data is hidden does not depend on who looks
        return self.sudo().system_id._masker().mask(plain, self.type)

    def _plain(self) -> Document:
        """The canonical document. Raises MalformedPayload, NoKey and Refused."""
        known = self._read_now().get(self.id)
        return known or document_from_json(self._whole())

    @api.model
    def _read_now(self) -> dict[int, Document]:
        """Documents that came in this transaction, by id: what was just written need
        not be read again."""
        return self.env.cr.precommit.data.setdefault("finance.document", {})

    def _whole(self) -> str:
        """The canonical form with all that is personal. Raises NoKey, and Refused
        when it was purged."""
        self.ensure_one()
        if self.purged_at:
            raise Refused(self.env._("This was purged after its retention time."))
        # screens ask for the size of what is binary
        sealed = self.with_context(bin_size=False).sealed
        return keyring.decrypt(sealed).decode() if sealed else self.content

    @api.model
    def _of_type(self, plain: Mapping, *types: str):
        """The documents of these types among ``plain`` ({document: canonical})."""
        return self.browse(
            document.id for document, told in plain.items() if told.type in types
        )

    @api.model
    def _stored_form(self, written: Written, masker: Masker) -> dict:
        """``content`` and ``description`` without what is personal, for queries;
        ``sealed``, encrypted, with it, where there is such. Raises NoKey."""
        masked = masker.mask(written.plain, written.plain["type"])
        stored = {"description": masked["description"] or None}
        if masked == written.plain:
            return {**stored, "content": written.text, "sealed": None}
        content = json.dumps(masked, sort_keys=True, ensure_ascii=False)
        sealed = keyring.encrypt(written.text.encode()).decode()
        return {**stored, "content": content, "sealed": sealed}

    # -- writing -----------------------------------------------------------------

    @api.model
    def _insert(self, rows: Sequence[Mapping]) -> dict[tuple, int]:
        """Insert documents that are not known yet, in one statement; ``rows`` have
        INSERTED as JSON takes it.

        Returns the ids of the new ones by (type, source id, digest).
        """
        if not rows:
            return {}
        self.env.flush_all()
        columns = [SQL.identifier(name) for name in INSERTED]
        told = [SQL("%s %s", SQL.identifier(n), SQL(t)) for n, t in INSERTED.items()]
        inserted = self.env.execute_query(
            SQL(
                """INSERT INTO finance_document (%(columns)s)
                   SELECT %(values)s FROM json_to_recordset(%(rows)s) told (%(told)s)
                   ON CONFLICT (system_id, type, source_id, digest) DO NOTHING
                   RETURNING type, source_id, digest, id""",
                columns=SQL(", ").join(columns),
                values=SQL(", ").join(
                    SQL("convert_to(sealed, 'UTF8')") if name == "sealed" else column
                    for name, column in zip(INSERTED, columns, strict=True)
                ),
                rows=json.dumps(rows, ensure_ascii=False),
                told=SQL(", ").join(told),
            )
        )
        new = {(kind, source, digest): id_ for kind, source, digest, id_ in inserted}
        self.browse(new.values())._note("document.normalised")
        return new

    @api.model
    def _overtaken(self, system, told: Mapping[tuple, int]):
        """The documents among ``told``, their places by (type, source id, digest),
        that other content of the same revision has followed since they were told of
        last, and before that place."""
        if not told:
            return self
        rows = self.env.execute_query(
            SQL(
                """SELECT document.id FROM finance_document document
                     JOIN (VALUES %(told)s) told (type, source_id, digest, place)
                       ON told.type = document.type
                      AND told.source_id = document.source_id
                      AND told.digest = document.digest
                    WHERE document.system_id = %(system)s AND EXISTS (
                          SELECT FROM finance_document other
                           WHERE other.system_id = document.system_id
                             AND other.type = document.type
                             AND other.source_id = document.source_id
                             AND other.id <> document.id
                             AND other.revision = document.revision
                             AND %(other_told)s > %(document_told)s
                             AND %(other_told)s < told.place)""",
                told=_told_rows(told),
                system=system.id,
                document_told=DOCUMENT_TOLD,
                other_told=OTHER_TOLD,
            )
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _tell_again(self, system, told: Mapping[tuple, int]):
        """Write down that known documents were told of again. Returns those that are
        the last word again, after other content, and the pages of lists: other pages
        may have changed."""
        if not told:
            return self
        again = self._overtaken(system, told)
        rows = self.env.execute_query(
            SQL(
                """UPDATE finance_document document SET last_told = told.place
                     FROM (VALUES %(told)s) told (type, source_id, digest, place)
                    WHERE document.system_id = %(system)s
                      AND told.type = document.type
                      AND told.source_id = document.source_id
                      AND told.digest = document.digest
                      AND %(document_told)s < told.place
                   RETURNING document.id, document.type""",
                told=_told_rows(told),
                system=system.id,
                document_told=DOCUMENT_TOLD,
            )
        )
        self.invalidate_model(["last_told"])
        return again | self.browse(id_ for id_, kind in rows if kind == "settlement")

    def _with_other_versions(self):
        """All versions of the objects among these that have several."""
        rows = self.env.execute_query(
            SQL(
                """SELECT unnest(ARRAY[document.id, other.id])
                     FROM finance_document document
                     JOIN finance_document other
                       ON other.system_id = document.system_id
                      AND other.type = document.type
                      AND other.source_id = document.source_id
                      AND other.id <> document.id
                    WHERE document.id = ANY(%s)""",
                self.ids,
            )
        )
        return self.browse({row[0] for row in rows})

    def _place_told(self) -> tuple:
        """Sorts the versions of one object: by the source's own number, and by what
        it told last where that is the same."""
        first = self.message_id.id * PLACES
        return self.revision, self.last_told or first, self.id

    def _set_state(self, state: str, logged: str = "", **values):
        """The one way documents change their state. The log keeps ``logged``, or else
        the reason. Raises ImpossibleTransition."""
        changing = self.browse(
            id_
            for current, documents in self.grouped("state").items()
            if states.check(states.DOCUMENT, current, state)
            for id_ in documents._ids
        )
        if changing:
            changing._write_columns(state=state, **values)
            changing._note(
                f"document.{state}", detail=logged or values.get("reason") or ""
            )
        return changing

    def _write_columns(self, **values):
        """In one statement, as there may be 10,000. A value is the same for all of
        these, or a mapping of text by id."""
        if not self:
            return
        self.env.flush_all()
        told = {
            name: each for name, each in values.items() if isinstance(each, Mapping)
        }
        changes = [
            SQL("%s = told.%s", SQL.identifier(name), SQL.identifier(name))
            if name in told
            else SQL("%s = %s", SQL.identifier(name), each or None)
            for name, each in values.items()
        ]
        texts = [[each.get(id_) for id_ in self._ids] for each in told.values()]
        self.env.cr.execute(
            SQL(
                """UPDATE finance_document document SET %(changes)s
                     FROM unnest(%(ids)s::int4[]%(texts)s) told (%(names)s)
                    WHERE document.id = told.id""",
                changes=SQL(", ").join(changes),
                ids=list(self._ids),
                texts=SQL("").join(SQL(", %s::text[]", each) for each in texts),
                names=SQL(", ").join(map(SQL.identifier, ("id", *told))),
            )
        )
        self.invalidate_recordset(values, flush=False)
        self.modified(values)
        if "state" in values:  # nearly always asked for next
            self._fields["state"]._update_cache(self, values["state"])

    def _note(self, *events: str, detail: str = "", moves: Mapping[int, int] = NONE):
        """The same log entries for all of these; ``moves`` are their entries by id."""
        self.env["finance.log"]._append_about(self, events, detail, moves)

    def _hold(self, need: NeedsPerson):
        """Wait for a person; equal causes share one exception."""
        for system, documents in self.grouped("system_id").items():
            amount = in_company_currency(documents, system.company_id)
            exception = self.env["finance.exception"]._raise_for(system, need, amount)
            left = documents.exception_id - exception
            documents._set_state(
                "held", need.logged, reason=str(need), exception_id=exception.id
            )
            left._resolve_unless_waiting()

    def _changed_after_posting(self) -> NeedsPerson:
        """Why a document waits whose object has been posted with other content."""
        self.ensure_one()
        return NeedsPerson(
            f"changed:{self.type}:{self.source_id}",
            f"{self.source_id} came again with other content after it was posted.",
            "Compare both. Reverse or correct the entry in the books if needed, then"
            " close this with the reason; what came later is not posted.",
            category="control",
            field="Foreign ID",
            value=self.source_id,
            action="close",
        )

    def _tied(self):
        """Those among these that a person has not accepted, and that the source gave
        the number of a revision of which it has also told something else."""
        rows = self.env.execute_query(
            SQL(
                """SELECT document.id FROM finance_document document
                    WHERE document.id = ANY(%s) AND document.revision > 0
                      AND EXISTS (
                          SELECT FROM finance_document other
                           WHERE other.system_id = document.system_id
                             AND other.type = document.type
                             AND other.source_id = document.source_id
                             AND other.revision = document.revision
                             AND other.financial_digest <> document.financial_digest)
                      AND NOT EXISTS (
                          SELECT FROM finance_acceptance acceptance
                           WHERE acceptance.document_id = document.id
                             AND acceptance.cause = 'tie:' || document.type
                                 || ':' || document.source_id)""",
                self.ids,
            )
        )
        return self.browse(row[0] for row in rows)

    def _tie(self) -> NeedsPerson:
        """Why a person is asked about one of :meth:`_tied`."""
        self.ensure_one()
        return NeedsPerson(
            f"tie:{self.type}:{self.source_id}",
            f"{self.source_id} came with two contents of the same revision: which of"
            " them is right, their order of arrival does not tell.",
            "Compare both with the source. If the one that waits is right, accept it"
            " once; a later revision of the source settles it by itself.",
            category="control",
            field="Foreign ID",
            value=self.source_id,
            action="open_versions",
        )

    def _returned_under(self, message) -> NeedsPerson:
        """Why a person is asked about a document that ``message`` repeated."""
        self.ensure_one()
        return NeedsPerson(
            f"returned:{self.type}:{self.source_id}",
            f"Delivery {message.identity} told of {self.source_id}, came again with"
            " other content, and then again as it was at first. What came in between"
            " still counts, as the last may only have been repeated late.",
            "Ask the source which content is right. If it is the first, let it be sent"
            " once more as a new delivery, then close this.",
            category="control",
            field="Foreign ID",
            value=self.source_id,
            action="close",
        )

    def _log_rows(self, event: str, detail="") -> Iterable[dict]:
        for document in self:
            yield {
                "event": event,
                "system_id": document.system_id.id,
                "company_id": document.company_id.id,
                "message_id": document.message_id.id,
                "document_id": document.id,
                "exception_id": document.exception_id.id,
                "detail": detail,
            }

    def _pass(self, *path: str, **values):
        """Walk the given states in order from wherever each document stands, checked
        one by one, written once. Raises ImpossibleTransition."""
        for current in set(self.mapped("state")):
            start = path.index(current) + 1 if current in path else 0
            for step in path[start:]:
                states.check(states.DOCUMENT, current, step)
                current = step
        self._write_columns(state=path[-1], **values)

    # -- screens -----------------------------------------------------------------

    def action_open_moves(self):
        self.ensure_one()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Entries"),
            "res_model": "account.move",
            "domain": [("id", "in", self.move_ids.ids)],
            "view_mode": "list,form",
        }
        if len(self.move_ids) == 1:
            action.update(view_mode="form", res_id=self.move_ids.id)
        return action

    def action_open_case(self):
        """Everything that shares the business case: the payment, its refunds, …"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Business Case %s", self.correlation_id),
            "res_model": self._name,
            "domain": [
                ("system_id", "=", self.system_id.id),
                ("correlation_id", "=", self.correlation_id),
            ],
            "view_mode": "list,form",
        }


def _told_rows(told: Mapping[tuple, int]) -> SQL:
    return SQL(", ").join(
        SQL("(%s, %s, %s, %s::numeric)", *key, place) for key, place in told.items()
    )


def _flatten(value, path=""):
    if isinstance(value, Mapping):
        for name, each in value.items():
            label = name.replace("_", " ").capitalize()
            yield from _flatten(each, f"{path} › {label}" if path else label)
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _flatten(each, f"{path} {number}")
    elif value not in (None, ""):
        yield path, str(value)
