"""The buttons that do what the remedy of an exception says: one table of them."""

from dataclasses import dataclass

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..roles import has_role, need_role
from ..screens import open_record


@dataclass(frozen=True)
class Remedy:
    """A button of the exception form, ``_remedy_<code>()`` does the work.

    ``role`` may press it; ``beside`` are the codes of the other buttons that are
    offered with it; ``for_documents`` ones make sense only while documents wait, and
    ``unless`` is a condition, as views write it, under which it makes none.
    """

    label: str
    role: str
    beside: tuple[str, ...] = ()
    for_documents: bool = False
    unless: str = ""


class FinanceExceptionRemedies(models.AbstractModel):
    """What is wrong with what, and the buttons that mend it."""

    _name = "finance.exception.remedies"
    _description = "Remedies of an Exception"

    field = fields.Char("What", readonly=True, help="What is wrong or missing.")
    value = fields.Char(readonly=True, help="The value it has.")
    action = fields.Selection(
        selection=lambda self: self._selection_action(),
        string="Remedy",
        readonly=True,
        help="The button that does what has to be done.",
    )
    helper = fields.Char("Who Can Do It", compute="_compute_helper")

    @api.model
    def _remedies(self) -> dict[str, Remedy]:
        """All buttons by code, in the order of the form. An addon adds a line by
        inheriting this, and the method ``_remedy_<code>``."""
        _ = self.env._
        return {
            "add_mapping": Remedy(_("Add to Mapping"), "editor", ("try_again",)),
            "add_rule": Remedy(_("Add Posting Rule"), "editor", ("try_again",)),
            "open_currency": Remedy(_("Open Currency"), "user", ("try_again",)),
            "pull_again": Remedy(_("Pull Again"), "operator"),
            "ask_provider": Remedy(_("Ask the Provider Again"), "user", ("write_off",)),
            "replay": Remedy(_("Replay"), "operator"),
            "try_again": Remedy(_("Try Again"), "user", for_documents=True),
            "close": Remedy(_("Close…"), "user"),
        }

    @api.model
    def _selection_action(self):
        return [(code, each.label) for code, each in self._remedies().items()]

    @api.depends_context("uid")
    @api.depends("action")
    def _compute_helper(self):
        """Whom to ask, for those whose role does not allow the remedy."""
        remedies = self._remedies()
        for exception in self:
            remedy = remedies.get(exception.action)
            barred = remedy and not has_role(self.env, remedy.role)
            exception.helper = barred and self._role_words(remedy.role)

    def _role_words(self, role: str) -> str:
        # sudo: the name of the role only
        group = self.env.ref(f"finance_integration.group_{role}").sudo()
        return self.env._("Only this role can do it: %s. Ask one.", group.name)

    # -- buttons -----------------------------------------------------------------

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """The form's buttons are those of the table."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            for header in arch.xpath("./header"):
                header[:0] = self._remedy_buttons()
        return arch, view

    def _remedy_buttons(self):
        """Each button twice: standing out where it is the remedy, plain where it is
        offered beside another one."""
        remedies = self._remedies()
        for code, remedy in remedies.items():
            beside = [main for main, each in remedies.items() if code in each.beside]
            waits = " or not document_count" if remedy.for_documents else ""
            waits += f" or {remedy.unless}" if remedy.unless else ""
            for style, mains in (("btn-primary", [code]), ("btn-secondary", beside)):
                yield etree.Element(
                    "button",
                    name="action_remedy",
                    type="object",
                    string=remedy.label,
                    context=str({"remedy": code}),
                    groups=f"finance_integration.group_{remedy.role}",
                    invisible=f"state != 'open' or action not in {mains}{waits}",
                    **{"class": f"{style} o_finance_remedy_{code}"},
                )

    def action_remedy(self):
        """Do what the button named in the context (``remedy``) says. Raises UserError
        where it is not offered, AccessError where the role does not allow it."""
        self.ensure_one()
        self.check_access("read")
        code = self.env.context.get("remedy")
        remedies = self._remedies()
        main = remedies.get(self.action)
        offered = main and (code == self.action or code in main.beside)
        if self.state != "open" or not offered:
            raise UserError(self.env._("This exception offers no such remedy now."))
        need_role(self, remedies[code].role)
        self._append_log("exception.remedy", remedies[code].label)
        return getattr(self, f"_remedy_{code}")()

    def _remedy_try_again(self):
        return self.action_try_again()

    def _remedy_close(self):
        return self._for_xml("finance_exception_close_action", exception_ids=self.ids)

    def _remedy_replay(self):
        self.message_id.action_replay()
        return self._notify(self.env._("The message is processed in the background."))

    def _remedy_pull_again(self):
        _pull, stream, scope = self.cause.split(":", 2)
        self.env["finance.engine"]._want_pull(self.system_id, stream, scope)
        return self._notify(
            self.env._("The provider is asked again in the background.")
        )

    def _remedy_ask_provider(self):
        self.payout_id.action_pull_again()
        return self._notify(
            self.env._("The provider is asked again in the background.")
        )

    def _remedy_add_mapping(self):
        """A new line, with the missing value filled in, in the mapping's draft."""
        _, code, key = self.cause.split(":", 2)
        version = self.system_id._mapping_of(code)._draft(self.name)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add to Mapping"),
            "res_model": "finance.mapping.rule",
            "view_mode": "form",
            "target": "new",
            "context": {"default_version_id": version.id, "default_key": key},
        }

    def _remedy_add_rule(self):
        kind, _, _category = self.cause.partition(":")[2].partition("/")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add Posting Rule"),
            "res_model": "finance.posting.rule",
            "view_mode": "form",
            "context": {
                "default_name": self.value,
                "default_document_type": kind,
                "default_system_id": self.system_id.id,
            },
        }

    def _remedy_open_currency(self):
        code = self.cause.split(":")[1]
        currencies = self.env["res.currency"].with_context(active_test=False)
        return open_record(currencies.search([("name", "=", code)], limit=1))

    def _for_xml(self, name: str, **defaults) -> dict:
        """An action of this addon, with defaults for its form."""
        actions = self.env["ir.actions.act_window"]
        action = actions._for_xml_id(f"finance_integration.{name}")
        values = {f"default_{key}": value for key, value in defaults.items()}
        return {**action, "context": values}
