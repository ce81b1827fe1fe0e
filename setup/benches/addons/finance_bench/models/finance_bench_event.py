from odoo import fields, models


class FinanceBenchEvent(models.Model):
    """An event stored the naive way: one record and one job each."""

    _name = "finance.bench.event"
    _description = "Bench Event"

    body = fields.Text(required=True)

    def _job_process(self):
        """Queue job: nothing, since only its creation is measured."""

    def _job_normalise(self, message_id: int):
        """Queue job: one document, normalised as the engine does with many."""
        message = self.env["finance.message"].browse(message_id)
        self.env["finance.normaliser"]._normalise(message.system_id, message)
