import json
from datetime import UTC, date, datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_core import states
from odoo.addons.finance_core.connector import MISSHAPEN, Counted, Response
from odoo.addons.finance_core.errors import (
    HeldBack,
    NeedsPerson,
    Refused,
    RetryLater,
)

from ..roles import need_role
from .finance_close_period import day_start, zone_of
from .finance_exception_remedy import Remedy

PAGES_A_JOB = 10  # one transaction
SETTLING = timedelta(hours=2)  # after midnight, for what shows up late at the source
DIGESTING = timedelta(minutes=10)  # until what was pulled is in the tables
LOST_AFTER = timedelta(hours=1)
DAY = timedelta(days=1)
UNDER_WAY = ("counting", "pulled")


class FinanceCompleteness(models.Model):
    """Whether all that a source has of a closed period arrived: by identity, number,
    sum per currency and the time of the last.

    The source is read page by page. A page that lists something unknown is kept as a
    delivery, which brings what was missing; then the source is read once more.
    """

    _name = "finance.completeness"
    _description = "Completeness Check"
    _order = "date_to desc, id desc"
    _log_access = False
    _rec_name = "flow_id"

    flow_id = fields.Many2one(
        "finance.flow", required=True, readonly=True, ondelete="restrict"
    )
    system_id = fields.Many2one(related="flow_id.system_id", store=True, index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", required=True, readonly=True)
    state = fields.Selection(
        [
            ("counting", "Being compared"),
            ("pulled", "Missing ones pulled"),
            ("complete", "Complete"),
            ("incomplete", "Incomplete"),
            ("failed", "Could not be compared"),
        ],
        required=True,
        readonly=True,
        default="counting",
    )
    source_count = fields.Integer("At the Source", readonly=True)
    our_count = fields.Integer("Arrived", readonly=True)
    missing_count = fields.Integer("Missing", readonly=True)
    pulled_count = fields.Integer("Pulled", readonly=True)
    source_last_at = fields.Datetime("Last at the Source", readonly=True)
    our_last_at = fields.Datetime("Last That Arrived", readonly=True)
    sum_ids = fields.One2many("finance.completeness.sum", "completeness_id")
    cursor = fields.Text(readonly=True)
    failures = fields.Integer(readonly=True)
    next_at = fields.Datetime("Goes On At", readonly=True)
    checked_at = fields.Datetime("Compared At", readonly=True)
    reason = fields.Char(readonly=True)

    _period_unique = models.UniqueIndex("(flow_id, date_from, date_to)")
    _by_system = models.Index("(system_id, state, date_to)")

    # -- when ----------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Begin the checks that are due, and go on with those whose job was lost."""
        now = fields.Datetime.now()
        lost = [("state", "in", UNDER_WAY), ("next_at", "<", now - LOST_AFTER)]
        for check in self.search(lost):
            check._go_on_at(now)
        pulls = [("kind", "=", "pull"), ("system_id.active", "=", True)]
        for flow in self.env["finance.flow"].search(pulls):
            if flow.can_be_counted:
                self._begin_due(flow, now)

    def _begin_due(self, flow, now: datetime):
        """Check all days that are over and were not checked yet."""
        zone = zone_of(flow.company_id)
        settled = (now - SETTLING).replace(tzinfo=UTC).astimezone(zone).date()
        begin = self._first_unchecked(flow, settled)
        if begin and begin < settled:
            self._begin(flow, begin, settled - DAY)

    def _first_unchecked(self, flow, settled: date) -> date | None:
        """The first day before ``settled`` no check has covered since the first."""
        first = self.search([("flow_id", "=", flow.id)], order="date_from", limit=1)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT min(day)::date
                     FROM generate_series(%(first)s::date, %(last)s::date,
                                          interval '1 day') day
                    WHERE NOT EXISTS (
                          SELECT FROM finance_completeness
                           WHERE flow_id = %(flow)s
                             AND day BETWEEN date_from AND date_to)""",
                first=first.date_from or settled - DAY,
                last=settled - DAY,
                flow=flow.id,
            )
        )
        return rows[0][0]

    @api.model
    def _complete_until(self, flows) -> dict[int, date]:
        """By flow id the last day before the first that is not complete. What was
        compared last counts for a day."""
        self.flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT flow_id, max(day)::date FROM (
                           SELECT flow_id, day,
                                  bool_and(state = 'complete') OVER so_far
                                  AND day = min(day) OVER so_far + interval '1 day'
                                            * (row_number() OVER so_far - 1) AS whole
                             FROM (SELECT DISTINCT ON (flow_id, day)
                                          flow_id, day, state
                                     FROM finance_completeness
                                    CROSS JOIN generate_series(
                                          date_from, date_to, interval '1 day') day
                                    WHERE flow_id IN %s
                                    ORDER BY flow_id, day,
                                          checked_at DESC NULLS FIRST, id DESC) days
                           WINDOW so_far AS (PARTITION BY flow_id ORDER BY day)
                       ) runs WHERE whole GROUP BY flow_id""",
                    flows._ids or (0,),
                )
            )
        )

    @api.model
    def _begin(self, flow, date_from: date, date_to: date):
        """The check of a period, both days included, begun anew."""
        period = {"flow_id": flow.id, "date_from": date_from, "date_to": date_to}
        known = self.search([(name, "=", value) for name, value in period.items()])
        check = known or self.create({**period, "next_at": fields.Datetime.now()})
        check.pulled_count = 0
        check._recount()
        check._go_on_at(fields.Datetime.now())
        return check

    def _recount(self):
        self._set_state("counting", reason=False)
        self.sum_ids.unlink()
        self.write(
            {
                "source_count": 0,
                "missing_count": 0,
                "source_last_at": False,
                "cursor": False,
                "failures": 0,
            }
        )

    def _go_on_at(self, moment: datetime):
        self.next_at = moment
        self.with_delay(
            channel="root.finance",
            eta=moment,
            identity_key=f"finance.completeness:{self.id}:{self.state}:{self.cursor}",
            description=f"Compare {self.flow_id.name} with the source",
        )._job_check()

    # -- reading the source ----------------------------------------------------------

    def _job_check(self):
        """Queue job: compare some pages, and go on later when there are more."""
        self.ensure_one()
        if self.state == "pulled":
            self._recount()
        if self.state != "counting" or not self._lock():
            return
        try:
            ended = self._read_pages()
        except RetryLater as busy:
            self._try_later(busy)
        except (Refused, NeedsPerson) as refusal:
            self._end("failed", str(refusal))
        else:
            if ended:
                self._conclude()
            else:
                self._go_on_at(fields.Datetime.now())

    def _lock(self) -> bool:
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM finance_completeness WHERE id = %s"
                " FOR UPDATE SKIP LOCKED",
                self.id,
            )
        )
        return bool(rows)

    def _read_pages(self) -> bool:
        """Read up to PAGES_A_JOB pages; whether the last was among them."""
        connector = self.system_id._plain_connector()
        start, end = (moment.replace(tzinfo=UTC) for moment in self._bounds())
        for _page in range(PAGES_A_JOB):
            cursor = json.loads(self.cursor or "{}")
            asked = connector.census(self.flow_id.stream, start, end, cursor)
            response = self.env["finance.sender"]._send(self.system_id, asked)
            try:
                counted, following = connector.counted(
                    self.flow_id.stream, cursor, response
                )
            except MISSHAPEN:
                raise Refused("The list of the source cannot be read.") from None
            self._compare(connector, response, counted)
            if following is None:
                return True
            self.cursor = json.dumps(following)
        return False

    def _bounds(self) -> tuple[datetime, datetime]:
        """The first moment of the period and the first after it, UTC and naive; its
        days are those of the company's time zone."""
        zone = zone_of(self.company_id)
        return day_start(self.date_from, zone), day_start(self.date_to + DAY, zone)

    def _compare(self, connector, response: Response, counted: list[Counted]):
        if not counted:
            return
        missing = {each.source_id for each in counted} - self._known(counted)
        if missing:
            self.env["finance.puller"]._keep(
                self.system_id, self.flow_id, self.flow_id.stream, "", response
            )
        last = max(each.at for each in counted).replace(tzinfo=None, microsecond=0)
        self.write(
            {
                "source_count": self.source_count + len(counted),
                "missing_count": self.missing_count + len(missing),
                "source_last_at": max(self.source_last_at or last, last),
            }
        )
        self.sum_ids._add_source(self, counted)

    def _known(self, counted) -> set[str]:
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT source_id FROM finance_document
                    WHERE system_id = %s AND type = %s AND source_id = ANY(%s)""",
                self.system_id.id,
                self._document_type(),
                [each.source_id for each in counted],
            )
        )
        return {row[0] for row in rows}

    def _document_type(self) -> str:
        return self.system_id._plain_connector().census_types[self.flow_id.stream]

    def _try_later(self, busy: RetryLater):
        if not isinstance(busy, HeldBack):
            self.failures += 1
        again, in_vain = self.env["finance.puller"]._again_at(
            self.flow_id, self.failures, busy
        )
        if in_vain:
            self._end("failed", str(busy))
        else:
            self._go_on_at(again)

    # -- what came of it -------------------------------------------------------------

    def _conclude(self):
        self._count_ours()
        if self.missing_count and not self.pulled_count:
            self.pulled_count = self.missing_count
            self._set_state("pulled")
            self.env["finance.engine"]._hint(self.system_id.id)
            self._go_on_at(fields.Datetime.now() + DIGESTING)
        elif self._differs():
            self._end("incomplete", self._difference())
        else:
            self._end("complete", "")

    def _count_ours(self):
        """Count what arrived, each object once, in its newest form."""
        start, end = self._bounds()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT currency_id, count(*), sum(amount), max(occurred_at)
                     FROM (SELECT DISTINCT ON (source_id)
                                  currency_id, amount, occurred_at
                             FROM finance_document
                            WHERE system_id = %s AND type = %s AND state IN %s
                              AND occurred_at >= %s AND occurred_at < %s
                            ORDER BY source_id, id DESC) newest
                    GROUP BY currency_id""",
                self.system_id.id,
                self._document_type(),
                tuple(set(states.DOCUMENT) - {"superseded"}),
                start,
                end,
            )
        )
        self.our_count = sum(row[1] for row in rows)
        self.our_last_at = max((row[3] for row in rows), default=False)
        for currency_id, _count, amount, _last in rows:
            self.sum_ids._set_ours(self, currency_id, amount)
        self.invalidate_recordset()

    def _differs(self) -> bool:
        counts = self.missing_count or self.source_count != self.our_count
        return bool(counts or self.sum_ids.filtered("differs"))

    def _difference(self) -> str:
        if self.missing_count:
            return self.env._("%s did not arrive.", self.missing_count)
        if self.our_count != self.source_count:
            return self.env._(
                "The source lists %(theirs)s, we have %(ours)s.",
                theirs=self.source_count,
                ours=self.our_count,
            )
        names = ", ".join(self.sum_ids.filtered("differs").currency_id.mapped("name"))
        return self.env._("The sums in %s differ.", names)

    def _set_state(self, state: str, **values):
        if states.check(states.COMPLETENESS, self.state, state):
            self.write({"state": state, **values})
            self._note(state)

    def _note(self, state: str):
        self.env["finance.log"]._append(
            [
                {
                    "event": f"completeness.{state}",
                    "system_id": self.system_id.id,
                    "company_id": self.company_id.id,
                    "detail": f"{self.display_name}: {self.our_count} of"
                    f" {self.source_count} arrived. {self.reason or ''}".strip(),
                }
            ]
        )

    def _end(self, state: str, reason: str):
        self._set_state(
            state, reason=reason, next_at=False, checked_at=fields.Datetime.now()
        )
        exceptions = self.env["finance.exception"]
        known = exceptions._find_live(self.system_id, self._cause())
        if state == "complete":
            known._resolve(self.env._("Everything arrived."))
        else:
            exceptions._raise_for(self.system_id, self._need(reason))

    def _cause(self) -> str:
        return f"completeness:{self.id}"

    def _need(self, reason: str) -> NeedsPerson:
        return NeedsPerson(
            self._cause(),
            f"{self.display_name}: {reason}",
            self.env._(
                "Look for messages that failed, have what is missing sent again, then"
                " compare again."
            ),
            category="control",
            field=self.env._("Flow and period"),
            value=self.display_name,
            action="compare_again",
        )

    @api.depends("flow_id", "date_from", "date_to")
    def _compute_display_name(self):
        for check in self:
            days = sorted({str(check.date_from), str(check.date_to)})
            check.display_name = f"{check.flow_id.name} {' – '.join(days)}"

    def action_compare_again(self):
        """Read the source once more, from the start."""
        need_role(self, "operator")
        for check in self.sudo():  # operators may ask for it but not write the result
            self.sudo()._begin(check.flow_id, check.date_from, check.date_to)


class FinanceCompletenessSum(models.Model):
    """The two sums of one currency."""

    _name = "finance.completeness.sum"
    _description = "Sums of a Completeness Check"
    _log_access = False
    _rec_name = "currency_id"

    completeness_id = fields.Many2one(
        "finance.completeness", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    source_amount = fields.Monetary("At the Source", readonly=True)
    our_amount = fields.Monetary("Arrived", readonly=True)
    differs = fields.Boolean(compute="_compute_differs")

    _currency_unique = models.UniqueIndex("(completeness_id, currency_id)")

    @api.depends("source_amount", "our_amount")
    def _compute_differs(self):
        for each in self:
            difference = each.source_amount - each.our_amount
            each.differs = not each.currency_id.is_zero(difference)

    def _add_source(self, check, counted: list[Counted]):
        """Add amounts, exact as decimals."""
        codes = {each.currency for each in counted}
        currencies = self.env["res.currency"].with_context(active_test=False)
        ids = {
            each.name: each.id for each in currencies.search([("name", "in", [*codes])])
        }
        if codes - set(ids):
            raise Refused("The source lists a currency that does not exist here.")
        for code in codes:
            total = sum(each.amount for each in counted if each.currency == code)
            self._write_sum(check, ids[code], "source_amount", total)

    def _set_ours(self, check, currency_id: int, amount):
        self._write_sum(check, currency_id, "our_amount", amount)

    def _write_sum(self, check, currency_id: int, column: str, amount):
        name = SQL.identifier(column)
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_completeness_sum
                          (completeness_id, currency_id, source_amount, our_amount)
                   VALUES (%s, %s, 0, 0) ON CONFLICT DO NOTHING""",
                check.id,
                currency_id,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE finance_completeness_sum
                      SET %s = %s + %s
                    WHERE completeness_id = %s AND currency_id = %s""",
                name,
                name,
                amount,
                check.id,
                currency_id,
            )
        )
        check.invalidate_recordset(["sum_ids"])


class FinanceExceptionRemedies(models.AbstractModel):
    _inherit = "finance.exception.remedies"  # pylint: disable=consider-merging-classes-inherited

    def _remedies(self):
        again = Remedy(self.env._("Compare Again"), "operator")
        return super()._remedies() | {"compare_again": again}

    def _remedy_compare_again(self):
        check = int(self.cause.partition(":")[2])
        self.env["finance.completeness"].browse(check).action_compare_again()
        return self._notify(self.env._("The source is read in the background."))
