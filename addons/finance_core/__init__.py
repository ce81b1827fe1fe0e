"""Plain Python of the suite: nothing here imports odoo, so it runs without it."""
