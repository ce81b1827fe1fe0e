import re
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_core.connector import Connector

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{1,62}")
#: what the webhook door and the masks remember of a system
DOOR_FIELDS = {"active", "code", "company_id", "connector", "data_class"}


class FinanceSystem(models.Model):
    """One external account or application, configured."""

    _name = "finance.system"
    _inherit = ["finance.system.calls", "finance.pausable"]
    _description = "Connected System"
    _order = "sequence, name"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="Part of the address deliveries are sent to. Lower-case letters, digits,"
        " hyphens and underscores.",
    )
    connector = fields.Selection(
        selection=lambda self: self.env["finance.connector"]._selection(),
        required=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    owner_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        help="Gets the exceptions of this system.",
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test")],
        required=True,
        default="production",
    )
    criticality = fields.Selection(
        [("low", "Low"), ("normal", "Normal"), ("high", "High")],
        required=True,
        default="normal",
    )
    data_class = fields.Selection(
        [("internal", "Internal"), ("personal", "Personal"), ("secret", "Secret")],
        required=True,
        default="personal",
        help="What is hidden and for how long it is kept follows from it. An"
        " administrator raises it; a lower one he asks for, and an approver allows it.",
    )
    service_hours = fields.Integer(
        "Service Level (hours)",
        default=24,
        help="An exception should be cleared within this many hours.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Hours",
        check_company=True,
        help="Due times count these hours only, in their time zone. Empty: around the"
        " clock.",
    )
    patience_minutes = fields.Integer(
        "Wait for What Is Missing (minutes)",
        default=60,
        help="What a document refers to may come after it. People are asked only when"
        " it has not come by then. 0: at once.",
    )
    snooze_days = fields.Integer(
        default=7,
        help="An exception may be put off for so many days; longer by an approver.",
    )
    base_url = fields.Char(
        "API Address",
        help="Leave empty to use the connector's own address. Another host ends the API"
        " keys: enter them again.",
    )
    granularity = fields.Selection(
        [("transaction", "One entry per transaction"), ("payout", "One per payout")],
        string="Posting",
        required=True,
        default="transaction",
    )
    webhook_url = fields.Char("Webhook Address", compute="_compute_webhook_url")
    credential_ids = fields.One2many(
        "finance.credential", "system_id", groups="finance_integration.group_admin"
    )
    flow_ids = fields.One2many("finance.flow", "system_id")
    mapping_ids = fields.One2many("finance.mapping", "system_id")
    payout_ids = fields.One2many("finance.payout", "system_id")

    _patience_not_negative = models.Constraint(
        "CHECK (patience_minutes >= 0)", "The wait cannot be negative; 0 means none."
    )
    _code_unique = models.Constraint(
        "UNIQUE (code)", "Another system already uses this code."
    )

    @api.constrains("code")
    def _check_code(self):
        for system in self:
            if not CODE.fullmatch(system.code):
                raise ValidationError(
                    self.env._(
                        "The code “%s” must be 2 to 63 lower-case letters, digits,"
                        " hyphens or underscores.",
                        system.code,
                    )
                )

    @api.depends("code")
    def _compute_webhook_url(self):
        base = self.get_base_url()
        for system in self:
            system.webhook_url = f"{base}/finance/webhook/{system.code or '…'}"

    @api.model_create_multi
    def create(self, vals_list):
        systems = super().create(vals_list)
        systems._create_flows()
        self.env.registry.clear_cache()
        return systems

    def write(self, vals):
        if "company_id" in vals and self.env["finance.message"].search_count(
            [("system_id", "in", self.ids)], limit=1
        ):
            raise UserError(
                self.env._("A system that has messages cannot change its company.")
            )
        if not DOOR_FIELDS.isdisjoint(vals):
            self.env.registry.clear_cache()
        hosts = {system: system._api_host() for system in self}
        result = super().write(vals)
        for system, host in hosts.items():
            if system._api_host() != host:
                system._end_api_keys()
        return result

    @api.onchange("base_url")
    def _onchange_base_url(self):
        if self._origin and self._api_host() != self._origin._api_host():
            return {
                "warning": {
                    "title": self.env._("Another host"),
                    "message": self.env._(
                        "When you save, the API keys end: the new host must not get"
                        " keys of the old one. Enter a new key afterwards."
                    ),
                }
            }
        return None

    def _api_url(self) -> str:
        """Where the system is called; empty when its connector is gone too."""
        self.ensure_one()
        connector = self.env["finance.connector"]._all().get(self.connector)
        return (self.base_url or (connector.base_url if connector else "")).rstrip("/")

    def _api_host(self) -> str:
        try:
            return urlsplit(self._api_url()).netloc.lower()
        except ValueError:
            return ""

    def _end_api_keys(self):
        """The keys in force end now: what was meant for one host is not sent to
        another."""
        # sudo: whoever may change the address ends the keys with it
        keys = self.sudo().credential_ids.filtered(lambda each: each.kind == "api")
        if not keys._end(fields.Datetime.now()):
            return
        self.env["finance.log"]._append(
            [
                {
                    "event": "credential.ended",
                    "system_id": self.id,
                    "company_id": self.company_id.id,
                    "detail": f"The API address is at another host: {self._api_host()}",
                }
            ]
        )

    def _create_flows(self):
        """One incoming flow for deliveries and one for each stream to pull."""
        self.env["finance.flow"].create(
            [vals for system in self for vals in system._flow_vals()]
        )

    def _flow_vals(self) -> list[dict]:
        connector = self._plain_connector()
        door = {
            "name": self.env._("Webhooks"),
            "system_id": self.id,
            "kind": "webhook",
            "mode": "real_time",
            "allow_revisions": connector.allows_revisions,
        }
        pulls = [
            {
                "name": stream.label,
                "system_id": self.id,
                "kind": "pull",
                "mode": "micro_batch",
                "stream": stream.code,
                "interval_minutes": max(1, stream.interval // 60),
            }
            for stream in connector.streams
            if not stream.scoped
        ]
        return [door, *pulls] if connector.signature else pulls

    def _plain_connector(self) -> Connector:
        """The connector of this system. Raises UserError when its addon is gone."""
        self.ensure_one()
        connector = self.env["finance.connector"]._all().get(self.connector)
        if connector is None:
            raise UserError(
                self.env._(
                    "The connector “%(connector)s” of %(system)s is not installed.",
                    connector=self.connector,
                    system=self.name,
                )
            )
        return connector

    def _paused_system(self):
        return self

    def _go_on(self):
        for system in self:
            self.env["finance.engine"]._hint(system.id)
            system._pull_all()

    def _all_pause_words(self) -> str:
        """What of the system is paused, by whom and why; empty when nothing is."""
        paused = self.filtered("paused_at") or self.flow_ids.filtered("paused_at")
        return " ".join(each._pause_words() for each in paused)

    def _job_drain(self):
        """Queue job: one step of the engine, and another when there may be more."""
        self.ensure_one()
        engine = self.env["finance.engine"]
        engine._go_on(self.id, engine._step(self.with_company(self.company_id)))

    def _job_pull(self, stream: str, scope="", cursor=None, failures=0):
        """Queue job: pull a stream until its end, or some pages of it, after so many
        attempts without an answer."""
        self.ensure_one()
        self.env["finance.puller"]._pull(self, stream, scope, cursor, failures)

    def _match_key(self, role: str, value: str) -> str:
        """By which the journal items of one case of this system find each other."""
        return f"{self.id}:{role}:{value}"

    @api.model
    @tools.ormcache("code")
    def _door(self, code: str) -> tuple | None:
        """What the webhook door needs of an active system, as plain values:
        (system id, company id, connector code, flow id, may come in revisions)."""
        if not CODE.fullmatch(code):
            return None  # PostgreSQL refuses some bytes
        flow = self.env["finance.flow"].search(
            [
                ("system_id.code", "=", code),
                ("system_id.active", "=", True),
                ("kind", "=", "webhook"),
                ("active", "=", True),
            ],
            limit=1,
        )
        system = flow.system_id
        connector = self.env["finance.connector"]._all().get(system.connector)
        if connector is None or connector.signature is None:
            return None  # nobody could tell who delivers
        return (
            system.id,
            system.company_id.id,
            system.connector,
            flow.id,
            flow.allow_revisions,
        )
