"""How much may wait for a system before its door is shut, and whether it is."""

from odoo import fields, models
from odoo.tools import SQL

from ..throttle import Remembered

LOOK_AGAIN = 1  #: seconds
looks = Remembered(LOOK_AGAIN)
#: what a pause leaves where it is does not count: people know why it waits
LOOK = """
    WITH paused AS (SELECT id FROM finance_flow WHERE paused_at IS NOT NULL)
    SELECT id, max_waiting, max_waiting_hours,
           paused_at IS NULL AND max_waiting > 0 AND EXISTS (
               SELECT FROM finance_message
                WHERE system_id = system.id AND state = 'received'
                  AND (flow_id IS NULL OR flow_id NOT IN (SELECT id FROM paused))
               OFFSET greatest(system.max_waiting, 1) - 1 LIMIT 1),
           paused_at IS NULL AND max_waiting_hours > 0 AND (
               SELECT received_at FROM finance_message
                WHERE system_id = system.id AND state = 'received'
                  AND next_attempt_at IS NULL -- what waits for its run is not late
                  AND (flow_id IS NULL OR flow_id NOT IN (SELECT id FROM paused))
                ORDER BY received_at LIMIT 1)
               < now() AT TIME ZONE 'UTC' - max_waiting_hours * interval '1 hour'
      FROM finance_system system WHERE id IN %(systems)s
"""


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
        reasons = self._look()
        for system in self:
            system.door_shut_reason = reasons.get(system.id, "")

    def _shut_reason(self) -> str:
        """Why the door of this system is shut, empty when it is open: what was seen
        within the last second."""
        key = (self.env.cr.dbname, self.id)
        return looks.get(key, lambda: self._look()[self.id])

    def _look(self) -> dict[int, str]:
        """As :meth:`_shut_reason` for each of these, now: two walks of one index a
        system, the first of at most as many entries as may wait. What failed and is
        tried again does not count: one bad delivery must not shut the door."""
        self.flush_model(["max_waiting", "max_waiting_hours", "paused_at"])
        self.env["finance.flow"].flush_model(["paused_at"])
        self.env["finance.message"].flush_model(["state"])
        found = self.env.execute_query(SQL(LOOK, systems=tuple(self.ids) or (0,)))
        return {
            system_id: self._words(most if many else 0, hours if old else 0)
            for system_id, most, hours, many, old in found
        }

    def _words(self, most: int, hours: int) -> str:
        """Which limit is passed; 0 for one that is not."""
        if most:
            return self.env._("%s deliveries or more wait to be processed.", most)
        if hours:
            return self.env._("A delivery has waited for more than %s hours.", hours)
        return ""
