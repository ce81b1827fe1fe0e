"""Answers of buttons."""


def open_record(record) -> dict:
    """The action that opens one record's form."""
    return {
        "type": "ir.actions.act_window",
        "res_model": record._name,
        "res_id": record.id,
        "view_mode": "form",
        "views": [(False, "form")],
    }
