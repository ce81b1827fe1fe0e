from odoo import SUPERUSER_ID, api
from odoo.tools import SQL


def migrate(cr, version):
    """Risk decisions that came back after another one was told did not count: the last
    word does now."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    rows = env.execute_query(
        SQL(
            """SELECT document.id FROM finance_document document
                WHERE type = 'risk_decision' AND state <> 'superseded'
                  AND purged_at IS NULL
                  AND EXISTS (
                      SELECT FROM finance_document other
                       WHERE other.system_id = document.system_id
                         AND other.type = document.type
                         AND other.source_id = document.source_id
                         AND other.id > document.id)"""
        )
    )
    current = env["finance.document"].browse(row[0] for row in rows)
    env["finance.decision"]._learn({each: each._plain() for each in current})
