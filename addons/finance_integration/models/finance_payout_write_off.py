"""A person writes off what a payout's transactions lack, within what is approved."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.finance_core import controls
from odoo.addons.finance_core.errors import NeedsPerson
from odoo.addons.finance_core.write_off import Destination, Missing, destination

from ..roles import need_decider
from .finance_exception_remedy import Remedy
from .finance_payout_proof import PROVED
from .finance_snapshot import _decimal


class FinancePayout(models.Model):
    # a room of its own: how a payout is proved, and what people settle, change apart
    _inherit = "finance.payout"  # pylint: disable=consider-merging-classes-inherited

    written_off = fields.Monetary(
        readonly=True, help="What its transactions lack, by the word of a person."
    )
    write_off_id = fields.Many2one(
        "account.move",
        "Written Off By",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Counts until it is reversed.",
    )

    # -- what counts -------------------------------------------------------------

    def _standing_write_off(self):
        """The entry, unless it was taken back."""
        entry = self.write_off_id.filtered(lambda each: each.state == "posted")
        reversals = entry.reversal_move_ids.mapped("state")
        return entry.browse() if "posted" in reversals else entry

    def _written_off(self) -> Decimal:
        """What its transactions lack and is written off, in its own currency."""
        if not self._standing_write_off():
            return Decimal(0)
        return _decimal(self.written_off, self.currency_id)

    def _write_off_words(self) -> str | bool:
        """Why it ties all the same; False where nothing was written off."""
        entry = self._standing_write_off()
        return bool(entry) and self.env._(
            "all but %(amount)s %(currency)s, which were written off: %(ref)s",
            amount=abs(self._written_off()),
            currency=self.currency_id.name,
            ref=entry.ref,
        )

    def _remedy_of_difference(self) -> str:
        entry = self._standing_write_off()
        if entry:
            return self.env._(
                "What its transactions lack is another sum than %(entry)s wrote off."
                " Reverse that entry, then ask the provider again.",
                entry=entry.name,
            )
        return self.env._(
            "Pull the payout's transactions again; if it still does not tie, ask the"
            " provider for the missing transaction. What is within the approved limit,"
            " an approver may write off."
        )

    # -- writing off ---------------------------------------------------------------

    def _missing(self) -> Missing:
        """What is not explained, at the rate of today. Raises UserError where there is
        no such difference, or no rate."""
        self.ensure_one()
        if self.state != "flagged" or not self.difference:
            raise UserError(
                self.env._("%s has no difference to write off.", self.source_id)
            )
        company, currency = self.company_id.currency_id, self.currency_id
        amount = _decimal(-self.difference, currency)
        rate = self._rate(fields.Date.context_today(self))
        value = round(amount * rate, company.decimal_places)
        return Missing(amount, currency.name, value, company.name)

    def _rate(self, day) -> Decimal:
        company, currency = self.company_id, self.currency_id
        if currency == company.currency_id:
            return Decimal(1)
        rates = self.env["finance.snapshot"]._rates(company, currency, {day})
        if not rates:
            raise UserError(
                self.env._("Enter an exchange rate of %s first.", currency.name)
            )
        return rates[currency.name, day]

    def _write_off_control(self) -> controls.Control:
        """The approved control that says how much may be written off: that of payouts,
        by the flow that told of this one."""
        versions = self.env["finance.control.version"]
        flow = self._own_document().message_id.flow_id.id or None
        return controls.find_control(
            "payout",
            fields.Date.today(),
            versions._plain_controls(self.system_id),
            flow,
        )

    def _write_off_to(self, missing: Missing) -> Destination:
        """Raises UserError for what may not be written off."""
        if self._standing_write_off():
            raise UserError(
                self.env._(
                    "A difference of %(payout)s was written off before, by %(entry)s."
                    " Reverse that entry first.",
                    payout=self.source_id,
                    entry=self.write_off_id.name,
                )
            )
        self._check_unaltered()
        day = fields.Date.context_today(self)
        mappings = self.env["finance.mapping"]._tables(self.system_id)
        try:
            return destination(missing, day, self._write_off_control(), mappings)
        except NeedsPerson as need:
            words = f"{need} {need.remedy}"
            raise UserError(words) from need

    def _check_unaltered(self):
        """Nothing is booked by what is not as it was approved."""
        altered = [
            name
            for kind in ("finance.control.version", "finance.mapping.version")
            for name in self.env[kind]._altered(self.system_id)
        ]
        if altered:
            raise UserError(
                self.env._(
                    "%s is not what was approved. Have a new version approved first.",
                    altered[0],
                )
            )

    def _write_off(self, seen: Decimal, reason: str):
        """Post what its transactions lack, ``seen`` in its currency by who decides, so
        that it ties. Once: whoever comes second finds nothing to write off. Raises
        AccessError and UserError."""
        need_decider(self.env)
        self.check_access("read")
        # sudo: an approver decides, the engine alone changes books and payouts
        payout = self.sudo()
        payout.lock_for_update()
        payout._check_no_author()
        missing = payout._missing()
        if missing.amount != seen:
            raise UserError(self.env._("The difference is another one by now."))
        entry = payout._book_missing(missing, payout._write_off_to(missing), reason)
        payout.write({"write_off_id": entry.id, "written_off": float(missing.amount)})
        payout._own_document().move_ids += entry
        payout._log_write_off(missing, reason)
        exceptions = payout._exceptions()
        exceptions.before = payout.reason
        payout._prove_again()
        exceptions._resolve(reason)

    def _prove_again(self):
        """Also one that was proved: its difference is another one now."""
        self.filtered(lambda each: each.state in PROVED)._set_state("open")
        self._recheck()
        for system in self.system_id:
            self.env["finance.engine"]._hint(system.id)

    def _check_no_author(self):
        """Nobody writes off by a limit of his own."""
        version_id = self._write_off_control().version_id
        version = self.env["finance.control.version"].browse(version_id or ())
        if self.env.user in version.author_ids:
            raise AccessError(
                self.env._(
                    "You wrote in %s, which sets the limit: somebody else has to"
                    " decide.",
                    version.display_name,
                )
            )

    def _book_missing(self, missing: Missing, to: Destination, reason: str):
        day = fields.Date.context_today(self)
        entry = self.env["finance.write.off"]._enter(
            self.company_id,
            {
                "date": day,
                "journal_id": to.journal,
                "ref": self.env._(
                    "Difference of %(payout)s: %(why)s",
                    payout=self.source_id,
                    why=reason,
                ),
            },
            {
                "currency_id": self.currency_id.id,
                "amount_currency": float(missing.amount),
                "balance": float(missing.value),
            },
            (to.clearing, to.account),
        )
        if entry.date != day:
            raise UserError(self.env._("%s lies in a period that is locked.", day))
        return entry

    def _log_write_off(self, missing: Missing, reason: str):
        self.env["finance.log"]._append(
            [
                {
                    "event": "payout.written_off",
                    "system_id": self.system_id.id,
                    "company_id": self.company_id.id,
                    "payout_id": self.id,
                    "move_id": self.write_off_id.id,
                    "detail": f"{missing.amount} {missing.currency}: {reason}",
                }
            ]
        )


class AccountMove(models.Model):
    # a room of its own: what payouts have to do with entries
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    def _post(self, soft=True):
        """A payout whose write-off was reversed does not tie any more."""
        posted = super()._post(soft)
        if posted.reversed_entry_id:
            # sudo: whoever reverses an entry need not see the payout behind it
            payouts = self.env["finance.payout"].sudo()
            payouts.search(
                [("write_off_id", "in", posted.reversed_entry_id.ids)]
            )._prove_again()
        return posted


class FinanceException(models.Model):
    # a room of its own: what people settle is not the life of a case
    _inherit = "finance.exception"  # pylint: disable=consider-merging-classes-inherited

    can_be_written_off = fields.Boolean(compute="_compute_can_be_written_off")

    @api.depends("payout_id.state", "payout_id.difference")
    def _compute_can_be_written_off(self):
        for exception in self:
            payout = exception.payout_id
            exception.can_be_written_off = payout.state == "flagged" and bool(
                payout.difference
            )

    @api.model
    def _remedies(self):
        words = self.env._("Write Off…")
        remedy = Remedy(words, "approver", unless="not can_be_written_off")
        return super()._remedies() | {"write_off": remedy}

    def _remedy_write_off(self):
        """Show what would be booked, and ask why. Raises UserError above the limit."""
        # sudo: for what is shown, the role was checked
        payout = self.payout_id.sudo()
        payout._write_off_to(payout._missing())
        return self._for_xml("finance_payout_write_off_action", payout_id=payout.id)
