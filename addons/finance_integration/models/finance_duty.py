"""Segregation of duties: who could do what should be apart, and who did."""

from odoo import fields, models
from odoo.tools import SQL


class FinanceDuty(models.Model):
    """A power, who holds it, and the log entries that show it was used."""

    _name = "finance.duty"
    _description = "Duty"
    _order = "id"

    name = fields.Char(required=True, translate=True)
    group_id = fields.Many2one(
        "res.groups", "Held By", help="Empty: held by the owners of systems."
    )
    events = fields.Char(
        required=True, help="The log entries that show its use, separated by commas."
    )


class FinanceDutyConflict(models.Model):
    """Two duties that one person should not hold together."""

    _name = "finance.duty.conflict"
    _description = "Conflicting Duties"
    _order = "id"

    name = fields.Char("Why", required=True, translate=True)
    first_id = fields.Many2one("finance.duty", required=True, ondelete="cascade")
    second_id = fields.Many2one("finance.duty", required=True, ondelete="cascade")


class FinanceLog(models.Model):
    # for the report alone: the last use of a power, without reading the log
    _inherit = "finance.log"  # pylint: disable=consider-merging-classes-inherited

    _by_user = models.Index("(user_id, event, id) WHERE user_id IS NOT NULL")


class FinanceDutyReport(models.Model):
    """Every person of the reader's companies who holds or has used two conflicting
    duties, and whether he used both: a role that was taken away leaves its traces.

    One query; the superuser is left out, he is the machine.
    """

    _name = "finance.duty.report"
    _description = "Segregation of Duties"
    _auto = False
    _order = "used_both desc, user_id, conflict_id"
    _rec_name = "user_id"

    user_id = fields.Many2one("res.users", "Person", readonly=True)
    login = fields.Char(related="user_id.login")
    user_active = fields.Boolean("Still Active", readonly=True)
    conflict_id = fields.Many2one("finance.duty.conflict", readonly=True)
    first_id = fields.Many2one("finance.duty", "First Duty", readonly=True)
    first_used_at = fields.Datetime("First Used", readonly=True)
    second_id = fields.Many2one("finance.duty", "Second Duty", readonly=True)
    second_used_at = fields.Datetime("Second Used", readonly=True)
    used_both = fields.Boolean("Both Used", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            WITH RECURSIVE membership(user_id, group_id) AS (
                SELECT uid, gid FROM res_groups_users_rel
                UNION
                SELECT membership.user_id, implied.hid
                  FROM membership
                  JOIN res_groups_implied_rel implied
                    ON implied.gid = membership.group_id
            ), holder AS (
                SELECT membership.user_id, duty.id AS duty_id, duty.events
                  FROM finance_duty duty
                  JOIN membership ON membership.group_id = duty.group_id
                UNION
                SELECT system.owner_id, duty.id, duty.events
                  FROM finance_duty duty
                  JOIN finance_system system ON system.owner_id IS NOT NULL
                 WHERE duty.group_id IS NULL
            ), seen(user_id) AS (
                SELECT min(user_id) FROM finance_log WHERE user_id IS NOT NULL
                UNION ALL
                SELECT (SELECT min(user_id) FROM finance_log
                         WHERE user_id > seen.user_id)
                  FROM seen WHERE seen.user_id IS NOT NULL
            ), concerned AS (
                SELECT user_id, duty_id, events, TRUE AS holds FROM holder
                UNION ALL
                SELECT seen.user_id, duty.id, duty.events, FALSE
                  FROM seen
                  JOIN finance_duty duty ON duty.group_id IS NOT NULL
                 WHERE seen.user_id IS NOT NULL
            ), used AS (
                SELECT concerned.user_id, concerned.duty_id,
                       max(entry.last_id) AS last_id
                  FROM concerned
                  LEFT JOIN LATERAL unnest(string_to_array(
                       replace(concerned.events, ' ', ''), ',')) event ON TRUE
                  LEFT JOIN LATERAL (
                       SELECT max(id) AS last_id FROM finance_log
                        WHERE user_id = concerned.user_id
                          AND finance_log.event = event.event
                          AND (company_id IS NULL
                               OR company_id = ANY(%(companies)s))) entry ON TRUE
                 WHERE concerned.user_id <> %(machine)s
                 GROUP BY concerned.user_id, concerned.duty_id
                HAVING bool_or(concerned.holds) OR max(entry.last_id) IS NOT NULL
            )
            SELECT conflict.id::bigint * 1000000 + person.id AS id,
                   person.id AS user_id, person.active AS user_active,
                   conflict.id AS conflict_id,
                   conflict.first_id, first_entry.at AS first_used_at,
                   conflict.second_id, second_entry.at AS second_used_at,
                   first_used.last_id IS NOT NULL
                   AND second_used.last_id IS NOT NULL AS used_both
              FROM finance_duty_conflict conflict
              JOIN used first_used ON first_used.duty_id = conflict.first_id
              JOIN used second_used ON second_used.duty_id = conflict.second_id
                                   AND second_used.user_id = first_used.user_id
              JOIN res_users person ON person.id = first_used.user_id
              LEFT JOIN finance_log first_entry
                ON first_entry.id = first_used.last_id
              LEFT JOIN finance_log second_entry
                ON second_entry.id = second_used.last_id
             WHERE EXISTS (SELECT FROM res_company_users_rel own
                            WHERE own.user_id = person.id
                              AND own.cid = ANY(%(companies)s))
            """,
            companies=self.env.companies.ids,
            machine=self.env.ref("base.user_root").id,
        )
