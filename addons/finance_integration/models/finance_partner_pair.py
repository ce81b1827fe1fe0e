from collections import defaultdict
from collections.abc import Iterable

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core.likeness import Likeness, Party, compare, keys

from ..roles import need_role

A_STEP = 1000  #: partners
NEIGHBOURS = 5  #: by name, on either side
SHARED_BY = 20  #: what more partners than these share, such as a mailbox, says nothing
REASONS = {"vat": "VAT number", "iban": "IBAN", "email": "e-mail", "name": "name"}


class FinancePartnerKey(models.Model):
    """By what a partner may be found again: written by the engine, never by people.

    A row of kind CHANGED stands for a partner whose keys have yet to be written;
    ``stamp`` is the state of the partner they were made from. The row of kind ``name``
    says whether the partner was ``compared`` since.
    """

    _name = "finance.partner.key"
    _description = "Key of a Partner"
    _log_access = False

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    kind = fields.Char(required=True)
    value = fields.Char(required=True)
    stamp = fields.Datetime()
    compared = fields.Boolean()

    _by_partner = models.Index("(partner_id, kind)")
    _by_value = models.Index("(kind, value, partner_id)")
    _changed = models.Index("(id) WHERE kind = 'changed'")
    _to_compare = models.Index("(id) WHERE kind = 'name' AND compared IS NOT TRUE")

    def init(self):
        """Note all partners whose keys are older than they are: those of before this
        was installed, and those that were changed past the ORM."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_partner_key (partner_id, kind, value)
                   SELECT partner.id, 'changed', ''
                     FROM res_partner partner
                     LEFT JOIN (
                          SELECT partner_id, max(write_date) AS stamp
                            FROM res_partner_bank GROUP BY partner_id) bank
                       ON bank.partner_id = partner.id
                     LEFT JOIN finance_partner_key known
                       ON known.partner_id = partner.id
                      AND known.kind IN ('name', 'changed')
                    WHERE partner.parent_id IS NULL AND partner.active
                      AND (known.id IS NULL OR known.kind = 'name'
                           AND known.stamp IS DISTINCT FROM
                               GREATEST(partner.write_date, bank.stamp))"""
            )
        )

    @api.model
    def _note_changed(self, partners):
        """Their keys have to be written anew."""
        if partners:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO finance_partner_key (partner_id, kind, value)
                       SELECT unnest(%s), 'changed', ''""",
                    partners.ids,
                )
            )

    @api.model
    def _refresh(self, limit: int) -> int:
        """Write the keys of up to ``limit`` partners that are new or were changed, the
        latest first: how many there were. Contacts are found through their company."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """DELETE FROM finance_partner_key WHERE id IN (
                       SELECT id FROM finance_partner_key WHERE kind = 'changed'
                        ORDER BY id DESC LIMIT %s FOR UPDATE SKIP LOCKED)
                   RETURNING partner_id""",
                limit,
            )
        )
        if rows:
            self._write_keys([partner for (partner,) in rows])
        return len(rows)

    def _write_keys(self, partners: list[int]):
        stamps = dict(
            self.env.execute_query(
                SQL(
                    """SELECT partner.id, GREATEST(partner.write_date,
                              (SELECT max(bank.write_date) FROM res_partner_bank bank
                                WHERE bank.partner_id = partner.id))
                         FROM res_partner partner
                        WHERE partner.id = ANY(%s)
                          AND partner.parent_id IS NULL AND partner.active""",
                    partners,
                )
            )
        )
        values = [
            SQL("(%s, %s, %s, %s, FALSE)", id_, kind, value, stamps[id_])
            for id_, party in self._parties(stamps).items()
            for kind, value in keys(party)
        ]
        self.env.cr.execute(
            SQL(
                """DELETE FROM finance_partner_key
                    WHERE partner_id = ANY(%s) AND kind <> 'changed'""",
                partners,
            )
        )
        if values:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO finance_partner_key
                           (partner_id, kind, value, stamp, compared)
                       VALUES %s""",
                    SQL(", ").join(values),
                )
            )
        self.invalidate_model()

    @api.model
    def _take_uncompared(self, limit: int) -> list[int]:
        """The next partners whose keys were written since they were compared, by
        whomever; they count as compared from now on."""
        rows = self.env.execute_query(
            SQL(
                """UPDATE finance_partner_key SET compared = TRUE WHERE id IN (
                       SELECT id FROM finance_partner_key
                        WHERE kind = 'name' AND compared IS NOT TRUE
                        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                   RETURNING partner_id""",
                limit,
            )
        )
        return [partner for (partner,) in rows]

    @api.model
    def _parties(self, ids: Iterable[int]) -> dict[int, Party]:
        """Partners as plain data by id, with one query."""
        rows = self.env.execute_query(
            SQL(
                """SELECT partner.id, partner.name, partner.vat, partner.email,
                          array_remove(array_agg(bank.sanitized_acc_number), NULL)
                     FROM res_partner partner
                     LEFT JOIN res_partner_bank bank
                       ON bank.partner_id = partner.id AND bank.active
                    WHERE partner.id = ANY(%s) GROUP BY partner.id""",
                list(ids),
            )
        )
        return {
            id_: Party(id_, name or "", vat or "", email or "", tuple(ibans))
            for id_, name, vat, email, ibans in rows
        }

    @api.model
    def _candidates(self, wanted: Iterable[tuple]) -> dict:
        """Partner ids by whatever stands first in ``wanted``, triples of (anything,
        kind, value): those with an equal key, and the neighbours by name."""
        values = [SQL("(%s, %s, %s)", *each) for each in wanted]
        found = defaultdict(set)
        if not values:
            return found
        for key, partner in self.env.execute_query(
            SQL(
                """WITH wanted (key, kind, value) AS (VALUES %(values)s)
                   SELECT wanted.key, twin.partner_id FROM wanted
                    CROSS JOIN LATERAL (
                        (SELECT unnest(ids) AS partner_id FROM (
                            SELECT array_agg(partner_id) AS ids FROM (
                                SELECT partner_id FROM finance_partner_key
                                 WHERE wanted.kind <> 'name' AND kind = wanted.kind
                                   AND value = wanted.value
                                 LIMIT %(shared)s + 1) sharing) few
                          WHERE cardinality(ids) <= %(shared)s)
                        UNION ALL
                        (SELECT partner_id FROM finance_partner_key
                          WHERE wanted.kind = 'name' AND kind = 'name'
                            AND value >= wanted.value ORDER BY value LIMIT %(near)s)
                        UNION ALL
                        (SELECT partner_id FROM finance_partner_key
                          WHERE wanted.kind = 'name' AND kind = 'name'
                            AND value < wanted.value
                          ORDER BY value DESC LIMIT %(near)s)) twin""",
                values=SQL(", ").join(values),
                shared=SHARED_BY,
                near=NEIGHBOURS + 1,  # the partner itself may be among them
            )
        ):
            found[key].add(partner)
        return found


class FinancePartnerPair(models.Model):
    """Two partners that may be one. A person merges them in Odoo, or says that they
    are different, which is kept; nothing here merges by itself."""

    _name = "finance.partner.pair"
    _description = "Possible Duplicate Partner"
    _order = "score desc, id"
    _log_access = False

    first_id = fields.Many2one(
        "res.partner", "Partner", required=True, readonly=True, ondelete="cascade"
    )
    second_id = fields.Many2one(
        "res.partner",
        "Other Partner",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    score = fields.Integer(readonly=True, help="How likely they are one, of 100.")
    reasons = fields.Char("Same", readonly=True)
    state = fields.Selection(
        [("proposed", "To Decide"), ("different", "Different")],
        required=True,
        readonly=True,
        default="proposed",
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    _pair_unique = models.UniqueIndex("(first_id, second_id)")
    _ordered = models.Constraint("CHECK (first_id < second_id)", "Not a pair.")
    _to_decide = models.Index("(state, score DESC, id)")

    # -- people ------------------------------------------------------------------

    def action_merge(self):
        """Odoo's own merge of these partners, which asks before it does anything."""
        self.ensure_one()
        need_role(self, "user")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge"),
            "res_model": "base.partner.merge.automatic.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "res.partner",
                "active_ids": (self.first_id | self.second_id).ids,
            },
        }

    def action_different(self):
        """These are two; they are not proposed again."""
        self._decide("different", self.env.uid, fields.Datetime.now())

    def action_undecide(self):
        """Somebody was wrong: propose them again."""
        self._decide("proposed", False, False)

    def _decide(self, state: str, user, at):
        need_role(self, "user")
        # sudo: people decide by the buttons only
        changing = self.sudo().filtered(lambda each: each.state != state)
        changing.write({"state": state, "decided_by_id": user, "decided_at": at})
        self.env["finance.log"]._append(
            {
                "event": f"partner_pair.{state}",
                "company_id": pair.company_id.id,
                "detail": f"res.partner {pair.first_id.id}, {pair.second_id.id}",
            }
            for pair in changing
        )

    # -- the check ---------------------------------------------------------------

    @api.model
    def _cron_find(self):
        """One step; the scheduler is asked again as long as there is more to do."""
        if self._find_step():
            self.env.ref("finance_integration.cron_partner_pairs")._trigger()

    @api.model
    def _find_step(self) -> int:
        """Compare the next partners that are new or changed: how many there were."""
        partner_keys = self.env["finance.partner.key"]
        changed = partner_keys._refresh(A_STEP)
        ids = partner_keys._take_uncompared(A_STEP)
        if not ids:
            return changed
        pairs = self._candidate_pairs(ids)
        parties = partner_keys._parties({id_ for pair in pairs for id_ in pair})
        alike = {pair: compare(*map(parties.get, pair)) for pair in pairs}
        self._keep(alike)
        return len(ids)

    def _candidate_pairs(self, ids: list[int]) -> set[tuple[int, int]]:
        """Who may be a twin of these, and who was thought to be: their reasons may be
        gone."""
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id, kind, value FROM finance_partner_key
                    WHERE partner_id = ANY(%s) AND value <> ''""",
                ids,
            )
        )
        found = self.env["finance.partner.key"]._candidates(rows)
        pairs = {
            (min(one, other), max(one, other))
            for one, others in found.items()
            for other in others
            if one != other
        }
        known = self.env.execute_query(
            SQL(
                """SELECT first_id, second_id FROM finance_partner_pair
                    WHERE first_id = ANY(%(ids)s) OR second_id = ANY(%(ids)s)""",
                ids=ids,
            )
        )
        return pairs | set(known)

    def _keep(self, alike: dict[tuple[int, int], Likeness]):
        """Pairs worth a look are proposed; proposed ones that no longer are go."""
        gone = [pair for pair, found in alike.items() if not found.is_worth_a_look]
        if gone:
            self.env.cr.execute(
                SQL(
                    """DELETE FROM finance_partner_pair pair
                        USING unnest(%s, %s) gone (first_id, second_id)
                        WHERE pair.state = 'proposed'
                          AND pair.first_id = gone.first_id
                          AND pair.second_id = gone.second_id""",
                    *map(list, zip(*gone, strict=True)),
                )
            )
        rows = [
            SQL(
                "(%s, %s, %s, %s)",
                *pair,
                found.score,
                ", ".join(REASONS[reason] for reason in found.reasons),
            )
            for pair, found in alike.items()
            if found.is_worth_a_look
        ]
        if rows:
            self._insert(rows)
        self.invalidate_model()

    def _insert(self, rows: list[SQL]):
        """Partners of two companies are no duplicates: each has its own books."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_partner_pair
                       (first_id, second_id, company_id, score, reasons, state)
                   SELECT one.id, other.id, COALESCE(one.company_id, other.company_id),
                          told.score, told.reasons, 'proposed'
                     FROM (VALUES %s) told (first_id, second_id, score, reasons)
                     JOIN res_partner one ON one.id = told.first_id
                     JOIN res_partner other ON other.id = told.second_id
                    WHERE one.company_id IS NULL OR other.company_id IS NULL
                       OR one.company_id = other.company_id
                   ON CONFLICT (first_id, second_id)
                   DO UPDATE SET score = EXCLUDED.score, reasons = EXCLUDED.reasons""",
                SQL(", ").join(rows),
            )
        )
