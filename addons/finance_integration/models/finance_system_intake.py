"""How much may wait for a system before its door is shut, and whether it is."""

from odoo import api, fields, models, tools
from odoo.tools import SQL

from ..throttle import Remembered

LOOK_AGAIN = 1  #: seconds
looks = Remembered(LOOK_AGAIN)


class FinanceSystem(models.Model):
    # a room of its own: what may wait, and the door shut by it
    _inherit = "finance.system"  # pylint: disable=consider-merging-classes-inherited

    max_waiting = fields.Integer(
        "Most Deliveries Waiting",
        default=100_000,
        help="When so many wait to be processed, senders are asked to come again"
        " later. 0: no limit.",
    )
    max_waiting_hours = fields.Integer(
        "Longest Wait (hours)",
        default=24,
        help="When a delivery waits for longer, because nothing is processed, senders"
        " are asked to come again later. 0: no limit.",
    )
    door_shut_reason = fields.Char("Deliveries", compute="_compute_door_shut_reason")

    _limits_not_negative = models.Constraint(
        "CHECK (max_waiting >= 0 AND max_waiting_hours >= 0)",
        "The limits of what may wait cannot be negative; 0 means no limit.",
    )

    def _compute_door_shut_reason(self):
        for system in self:
            system.door_shut_reason = system.id and self._look(system.id)

    @api.model
    def _shut_reason(self, system_id: int) -> str:
        """Why the door of a system is shut, empty when it is open: what was seen
        within the last second."""
        key = (self.env.cr.dbname, system_id)
        return looks.get(key, lambda: self._look(system_id))

    @api.model
    @tools.ormcache("system_id")
    def _waiting_limits(self, system_id: int) -> tuple[int, int]:
        """How many deliveries of a system may wait, and for how many hours."""
        # sudo: the door asks for the system, not for a user
        system = self.sudo().browse(system_id)
        return system.max_waiting, system.max_waiting_hours

    def _look(self, system_id: int) -> str:
        """As :meth:`_shut_reason`, now: two walks of one index, the first of at most
        as many entries as may wait. What failed and is tried again does not count:
        one bad delivery must not shut the door."""
        most, hours = self._waiting_limits(system_id)
        self.env["finance.message"].flush_model(["state"])
        many, old = self.env.execute_query(
            SQL(
                """SELECT EXISTS (SELECT FROM finance_message
                                   WHERE system_id = %(system)s AND state = 'received'
                                     AND %(most)s > 0
                                  OFFSET greatest(%(most)s, 1) - 1 LIMIT 1),
                          (SELECT received_at FROM finance_message
                            WHERE system_id = %(system)s AND state = 'received'
                              AND %(hours)s > 0
                            ORDER BY received_at LIMIT 1)
                          < now() AT TIME ZONE 'UTC' - %(hours)s * interval '1 hour'
                """,
                system=system_id,
                most=most,
                hours=hours,
            )
        )[0]
        if many:
            return self.env._("%s deliveries or more wait to be processed.", most)
        if old:
            return self.env._("A delivery has waited for more than %s hours.", hours)
        return ""
