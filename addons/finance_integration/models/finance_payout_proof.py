import json
from collections import defaultdict
from decimal import Decimal

from odoo import api, models

from odoo.addons.finance_core import combining

from .finance_document import PLACES
from .finance_payout import FELL, MISSING
from .finance_poster import Item

DOCUMENTS_A_STEP = 200
NAMED = 3  #: of several documents, in the words for people
POSTED = ("posted", "reconciled")
DONE = (*POSTED, "ignored")
UNSETTLED = ("normalised", "held")
OWN = ("payout", "payout_reversal")
PROVED = ("tied", "cleared")
PAUSED = ("message_id.flow_id.paused_at", "!=", False)


class FinancePayout(models.Model):
    # a room of its own: how a payout is proved, and how one is known, change apart
    _inherit = "finance.payout"  # pylint: disable=consider-merging-classes-inherited

    def _prove(self):
        self.ensure_one()
        listed, complete = self._listing()
        own = self._own_document()
        taken = self._proved_elsewhere(listed)
        self._link({*listed, own.source_id or ""} - set(taken.mapped("source_id")))
        current = self._current_documents()
        members = current.filtered(lambda each: each.source_id in listed)
        kept = self._let_go(current - members - own) if complete else own.browse()
        net = sum(listed.values(), Decimal(0))
        expected = -_net(own) if own else Decimal(0)
        written_off = self._written_off()
        self.write(
            {
                "currency_id": own.currency_id.id,
                "amount": float(expected),
                "listing_complete": complete,
                "transaction_count": len(listed),
                "transactions_net": float(net),
                "difference": float(net + written_off - expected),
            }
        )
        if own and not self.automatic:
            self._prove_by_balance(own)
        elif not own or not complete:
            self.reason = self.env._("The provider's listing is not complete yet.")
        elif kept:
            self._stop_for_dropped(kept)
        elif net + written_off != expected:
            self._flag(net, expected, written_off)
        elif taken:
            self._stop_for_taken(taken)
        elif len(members) < len(listed):
            self.reason = self.env._("Some listed transactions have not arrived yet.")
        elif different := members.filtered(lambda each: _differs(each, listed)):
            self._stop_for_different(different[0], listed)
        else:
            self._settle(own | members)

    def _listing(self) -> tuple[dict[str, Decimal], bool]:
        """Net amounts of the listed transactions without the payout's own one, and
        whether the list is complete."""
        pages, complete = self._pages()
        # as stored: which amounts are in it is never masked, and outlives a purge
        lines = {
            line["source_id"]: Decimal(line["net"])
            for page in pages
            for line in json.loads(page.content)["transactions"]
            if line["category"] not in OWN or not self._is_own(line["source_id"])
        }
        return lines, complete

    def _pages(self):
        """The pages of the newest list that has an end, which are those told since the
        list before it ended, and whether they are all: none of a newer one is here.
        Pages of a first list may come in any order."""
        versions = self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", "settlement"),
                ("correlation_id", "=", self.source_id),
            ]
        )
        current = versions.filtered(lambda each: each.state != "superseded")
        last = versions.filtered(lambda each: json.loads(each.content)["last"])
        end = max((_told(page)[-1] for page in last & current), default=0)
        ends = (place for page in last for place in _told(page) if place < end)
        before = max(ends, default=0)
        pages = current.filtered(lambda each: _told(each)[-1] > before)
        replaced = {*(versions - current).mapped("source_id")}
        newer = (
            before or page.source_id in replaced or _told(page)[0] <= end
            for page in pages
            if _told(page)[-1] > end
        )
        return pages, bool(end) and not any(newer)

    def _own_document(self):
        """The balance transaction of the payout itself."""
        return self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", "balance_transaction"),
                ("category", "=", "payout"),
                ("correlation_id", "=", self.source_id),
                ("state", "!=", "superseded"),
            ],
            limit=1,
        )

    def _is_own(self, transaction: str) -> bool:
        return transaction == self._own_document().source_id

    def _proved_elsewhere(self, names):
        """Those of these transactions by which another payout is proved already, or was
        until its list changed."""
        return self.env["finance.document"].search(
            [
                ("system_id", "=", self.system_id.id),
                ("type", "=", "balance_transaction"),
                ("source_id", "in", list(names)),
                ("payout_id", "!=", self.id),
                ("state", "in", DONE),  # others were left out when it was proved
                "|",
                ("payout_id.state", "in", PROVED),
                ("state", "=", "reconciled"),
            ]
        )

    def _let_go(self, dropped):
        """What the list of now does not name any more belongs to no payout, until one
        names it: maybe one that is here. Returns what stays, as it was posted with
        this one."""
        kept = dropped.filtered(_is_posted_with_others)
        if going := dropped - kept:
            going.payout_id = False
            wanting = self._flagged_for({*going.mapped("source_id")})
            (self._waiting_for(self.system_id) | wanting)._recheck()
        return kept

    def _flagged_for(self, names: set[str]):
        """The payouts of its system that do not tie, and list one of these names."""
        flagged = self.search(
            [("system_id", "=", self.system_id.id), ("state", "=", "flagged")]
        )
        return flagged.filtered(lambda each: names & each._listing()[0].keys())

    @api.model
    def _prove_changed(self, payouts):
        """Those of ``payouts`` that were proved by something else than what their lists
        name now, or by a write-off: what it stands for may have come after all."""
        for payout in payouts.filtered(lambda each: each.state in PROVED):
            listed, complete = payout._listing()
            members = payout._current_documents() - payout._own_document()
            differs = {*members.mapped("source_id")} != listed.keys()
            if complete and (differs or payout._standing_write_off()):
                payout._prove_again()

    def _stop_for_dropped(self, documents):
        self._stop(
            self.env._(
                "The newer list of payout %(payout)s does not name any more what was"
                " posted with it: %(names)s.",
                payout=self.source_id,
                names=self._in_words(documents),
            ),
            self.env._(
                "Ask the provider where this belongs. If the list is wrong, have it"
                " corrected and pull again: then this ends by itself. Else correct the"
                " entry by hand; the payout stays as one that does not tie, also when"
                " this is closed."
            ),
        )

    def _in_words(self, documents) -> str:
        """Some names of them, and how many more there are."""
        named = ", ".join(documents[:NAMED].mapped("source_id"))
        more = len(documents) - NAMED
        if more <= 0:
            return named
        return self.env._("%(names)s and %(count)s more", names=named, count=more)

    def _stop_for_taken(self, taken):
        self._stop(
            self.env._(
                "Payout %(payout)s lists %(name)s, a part of payout %(other)s.",
                payout=self.source_id,
                name=taken[0].source_id,
                other=taken[0].payout_id.source_id,
            ),
            self.env._("Ask the provider which of the two payouts it belongs to."),
        )

    def _stop_for_different(self, document, listed: dict):
        self._stop(
            self.env._(
                "Payout %(payout)s lists %(name)s with %(listed)s %(currency)s, but it"
                " was received with %(net)s.",
                payout=self.source_id,
                name=document.source_id,
                listed=listed[document.source_id],
                currency=self.currency_id.name,
                net=_net(document),
            ),
            self.env._("Ask the provider which is right; correct the entry if needed."),
        )

    def _flag(self, net: Decimal, expected: Decimal, written_off: Decimal):
        self._stop(
            self.env._(
                "Payout %(payout)s is %(expected)s %(currency)s, but its listed"
                " transactions sum to %(net)s: a difference of %(difference)s.",
                payout=self.source_id,
                net=net,
                currency=self.currency_id.name,
                expected=expected,
                difference=abs(expected - net - written_off),
            ),
            self._remedy_of_difference(),
        )

    def _settle(self, documents):
        """The sums agree: post what waited for that, then it ties."""
        self._release_claimed(documents)
        waiting = ("normalised", "ready") if self._is_one_entry() else ("ready",)
        ready = documents.filtered(lambda each: each.state in waiting)
        if ready:
            self._post_combined(ready, documents)
        if missing := _missing(documents):
            self.reason = self._not_posted_yet(missing)
        elif left_out := _left_out(documents):
            self._stop_for(left_out)
        else:
            self._reconcile_clearing(documents)
            posted = documents.filtered(lambda each: each.state == "posted")
            posted._set_state("reconciled")
            self._end("tied", self._write_off_words())

    def _is_one_entry(self) -> bool:
        return self.system_id.granularity == "payout"

    def _not_posted_yet(self, documents) -> str:
        return self.env._(
            "%(count)s of its transactions are not posted yet.", count=len(documents)
        )

    def _stop_for(self, left_out):
        self._stop(
            self.env._(
                "Payout %(payout)s contains what was not posted though it moves money:"
                " %(names)s. A posting rule ignores it, or a person rejected it.",
                payout=self.source_id,
                names=self._in_words(left_out),
            ),
            self.env._(
                "See on the document which it was. Correct the posting rule, if it was"
                " one, and post what was left out by hand."
            ),
        )

    def _post_combined(self, ready, documents):
        """One entry for the whole payout (for each month of it), all its documents
        linked to it. They are reconciled by it where that is all there is."""
        others = self.document_ids - ready
        unsettled = any(each.state in UNSETTLED for each in others)
        if unsettled or ready.message_id.flow_id.filtered("paused_at"):
            return
        poster = self.env["finance.poster"]
        drafts = poster._translate(self.system_id, ready)
        if any(each.state == "held" for each in ready):
            return
        months = combining.by_month(drafts)
        rest = documents - documents.browse(each.id for each in drafts)
        whole = len(months) == 1 and not (_missing(rest) or _left_out(rest))
        poster._post(
            [
                Item(
                    month,
                    combining.combine(list(month.values()), self.source_id),
                    ("reconciled",) if whole else (),
                )
                for month in months
            ]
        )

    def _prove_by_balance(self, own):
        """What a manual or instant payout consists of is told by nobody: it takes
        from the balance. What waits until then is posted by itself.
        https://docs.stripe.com/payouts/reconciliation"""
        poster = self.env["finance.poster"]
        documents = self.env["finance.document"]
        unclaimed = ("exception_id.cause", "=like", f"{MISSING}%")
        claimed = documents.search([*self._until(own, "held"), unclaimed])
        if self._release_claimed(claimed):
            self.checked_at = False  # they go on first
            self.reason = self._not_posted_yet(claimed)
            return
        before = self._until(own, "ready")
        paused = documents.search_count([*before, PAUSED], limit=1)
        waiting = documents.search([*before, "!", PAUSED], limit=DOCUMENTS_A_STEP)
        drafts = poster._translate(self.system_id, waiting) if waiting else {}
        poster._post([Item({each: draft}, draft) for each, draft in drafts.items()])
        if len(waiting) == DOCUMENTS_A_STEP:
            self.checked_at = False
        elif paused:
            self.reason = self.env._("Some of its transactions came by a paused flow.")
        elif own.state not in DONE:
            self.reason = self._not_posted_yet(own)
        else:
            self._end(
                "unlisted",
                self.env._(
                    "A manual or instant payout cannot be tied to its transactions;"
                    " the balance proves it."
                ),
            )

    def _until(self, own, state: str) -> list:
        """What may have been in the balance that ``own`` was taken from."""
        return [
            ("system_id", "=", self.system_id.id),
            ("type", "=", "balance_transaction"),
            ("currency_id", "=", own.currency_id.id),
            ("state", "=", state),
            ("payout_id", "in", (False, self.id)),
            ("occurred_at", "<=", own.occurred_at),
        ]

    def _end(self, state: str, reason: str | bool):
        """Nothing is left to prove, unless the money came back meanwhile."""
        if self.status not in FELL:
            back = True
        else:
            back = self._has_come_back()
            reason = self.env._("It failed; the money is back in the balance.")
        if not back:
            self._stop(
                self.env._(
                    "Payout %s failed at the provider, and the money is not back in"
                    " the balance.",
                    self.source_id,
                ),
                self.env._(
                    "Correct the bank account at the provider. This ends by itself"
                    " once the provider's return of the money is posted."
                ),
            )
            return
        self._set_state(state, reason=reason)
        self._exceptions()._resolve(self.env._("The payout is proved."))

    def _has_come_back(self) -> bool:
        return bool(
            self.env["finance.document"].search_count(
                [
                    ("system_id", "=", self.system_id.id),
                    ("type", "=", "balance_transaction"),
                    ("category", "=", "payout_reversal"),
                    ("correlation_id", "=", self.source_id),
                    ("state", "in", POSTED),
                ],
                limit=1,
            )
        )

    def _reconcile_clearing(self, documents):
        """The clearing lines of a payout cancel out; Odoo books the exchange
        differences they leave in company currency."""
        lines = documents.move_ids.line_ids.filtered(
            lambda line: (
                line.account_id.reconcile
                and not line.reconciled
                and not line.finance_match
                and not line.partner_id
            )
        )
        groups = defaultdict(self.env["account.move.line"].browse)
        for line in lines:
            groups[line.account_id, line.currency_id] |= line
        plan = [
            several
            for (_account, currency), several in groups.items()
            if currency.is_zero(sum(several.mapped("amount_residual_currency")))
        ]
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)


def _told(page) -> tuple:
    """Where in what deliveries told a page stands: first, to the delivery where it was
    told again since, and last."""
    last = page._place_told()[1]
    return min(last, (page.message_id.id + 1) * PLACES - 1), last


def _missing(documents):
    return documents.filtered(lambda each: each.state not in DONE)


def _is_posted_with_others(document) -> bool:
    """Whether the books say by what it was paid out."""
    shared = document.move_ids.finance_document_ids - document
    return document.state == "reconciled" or bool(shared)


def _left_out(documents):
    """What moves money and is not in the books."""
    return documents.filtered(lambda each: each.state == "ignored" and _net(each))


def _net(document) -> Decimal:
    """What a balance transaction changes the balance by."""
    known = document._read_now().get(document.id)
    return known.net if known else Decimal(json.loads(document.content)["net"])


def _differs(document, listed: dict[str, Decimal]) -> bool:
    """Whether the payout counts another amount than the books do, or will."""
    told = listed.get(document.source_id)
    return document.state != "held" and told not in (None, _net(document))
