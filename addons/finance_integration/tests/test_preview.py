"""What a version would change is seen before it is approved, and nothing is done."""

from datetime import date, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.tests.common import trap_jobs

from ..models import finance_preview
from .common import txn
from .test_governance import GovernedCase


class PreviewCase(GovernedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.play(
            txn("paid", "payment", "100.00", fees={"processing": "3.20"}),
            txn("odd", "payment", "50.00", fees={"mystery": "1.00"}),
            txn("plain", "payment", "10.00"),
        )
        cls.other = cls.cost.copy({"code": "OTHER1", "name": "Other costs"})

    def preview(self, version, user=None, system=None, **scope):
        """A finished run of its steps, one after the other, as jobs would."""
        user = user or self.editor
        previews = self.env["finance.preview"].with_user(user)
        with trap_jobs():
            preview = previews._start(
                version.with_user(user),
                (system or self.system).with_user(user),
                scope or {"newest": 100},
            )
            while preview.sudo().state in finance_preview.UNFINISHED:
                preview._job_step()
        return preview.with_env(self.env)

    def redirected(self, **values):
        """A draft where processing fees go to another account."""
        version = (
            self.env["finance.mapping"]
            .with_user(self.editor)
            ._find(self.system, "fee")
            ._draft("Costs move")
        )
        version.rule_ids.filtered(
            lambda each: each.key == "processing"
        ).target = self.other
        version.write(values)
        return version.with_env(self.env)

    def line(self, preview, source_id):
        return preview.line_ids.filtered(
            lambda each: each.document_id.source_id == source_id
        )

    def sums(self, preview):
        """{account: (debit and credit before, debit and credit after)}"""
        return {
            each.account_id: (
                each.debit_before,
                each.credit_before,
                each.debit_after,
                each.credit_after,
            )
            for each in preview.total_ids
        }


@tagged("post_install", "-at_install")
class Impact(PreviewCase):
    def test_what_waits_for_a_line_would_post_by_it(self):
        preview = self.preview(self.proposal())
        self.assertEqual(
            preview.summary,
            "1 of 3 documents would change; 1 waiting documents would post;"
            " 0 would be held.",
        )
        line = self.line(preview, "odd")
        self.assertEqual(line.kind, "posts")
        self.assertIn("mystery", line.before)
        self.assertIn(f"{self.cost.display_name}: ", line.after)

    def test_another_account_shows_in_entry_and_totals(self):
        preview = self.preview(self.redirected())
        line = self.line(preview, "paid")
        self.assertEqual(line.kind, "entry")
        self.assertEqual(line.account_ids, self.cost | self.other)
        self.assertFalse(line.books)
        sums = self.sums(preview)
        self.assertEqual(sums[self.cost], (3.20, 0, 0, 0))
        self.assertEqual(sums[self.other], (0, 0, 3.20, 0))
        clearing = preview.total_ids.filtered(
            lambda each: each.account_id == self.account("clearing|EUR")
        )
        self.assertEqual(clearing.difference, 0)

    def test_what_was_purged_is_left_out(self):
        self.find("paid").purged_at = fields.Datetime.now()
        preview = self.preview(self.redirected())
        self.assertEqual(preview.state, "done")
        self.assertFalse(self.line(preview, "paid"))

    def test_a_line_that_goes_would_hold_what_needs_it(self):
        version = self.redirected()
        version.rule_ids.filtered(lambda each: each.key == "processing").unlink()
        preview = self.preview(version)
        self.assertEqual((preview.changed_count, preview.hold_count), (1, 1))
        self.assertEqual(self.line(preview, "paid").kind, "held")

    def test_before_its_first_day_the_version_in_force_stays(self):
        version = self.redirected(valid_from=date(2026, 3, 11))
        self.assertEqual(self.preview(version).changed_count, 0)
        self.play(
            txn("later", "payment", "7", day="2026-03-11", fees={"processing": "2"})
        )
        self.assertEqual(self.preview(version).line_ids.document_id.source_id, "later")

    def test_after_its_last_day_nothing_is_in_force(self):
        version = self.redirected(
            valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 9)
        )
        self.assertEqual(self.line(self.preview(version), "paid").kind, "held")

    def test_what_is_in_the_books_is_told_where_another_version_made_it(self):
        self.approve(self.submitted(self.redirected()))
        self.cost = self.other
        preview = self.preview(self.redirected_back())
        line = self.line(preview, "paid")
        self.assertIn("proof processing", line.books)
        self.assertIn("Other costs", line.before)

    def test_a_lock_date_hides_nothing_of_what_is_posted_already(self):
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        self.assertEqual(self.preview(self.redirected()).changed_count, 1)
        preview = self.preview(self.proposal_after_withdrawal())
        self.assertEqual(preview.post_count, 0)
        self.assertIn("locked", self.line(preview, "odd").after)

    def submitted(self, version):
        version.with_user(self.editor).action_submit()
        return version

    def redirected_back(self):
        version = (
            self.env["finance.mapping"]
            .with_user(self.editor)
            ._find(self.system, "fee")
            ._draft("And back")
        )
        version.rule_ids.filtered(lambda each: each.key == "processing").unlink()
        return version

    def proposal_after_withdrawal(self):
        version = (
            self.env["finance.mapping"]
            .with_user(self.editor)
            ._find(self.system, "fee")
            ._draft("")
        )
        self.env["finance.mapping.rule"].with_user(self.editor).create(
            {
                "version_id": version.id,
                "key": "mystery",
                "target": f"account.account,{self.cost.id}",
            }
        )
        return version

    def test_a_posting_rule_is_previewed_on_documents_of_its_type(self):
        rule = (
            self.env["finance.posting.rule"]
            .with_user(self.editor)
            .create(
                {
                    "name": "No payments",
                    "system_id": self.system.id,
                    "document_type": "balance_transaction",
                    "version_ids": [
                        (
                            0,
                            0,
                            {
                                "outcome": "ignore",
                                "reason": "Posted elsewhere.",
                                "categories": "payment",
                            },
                        )
                    ],
                }
            )
        )
        preview = self.preview(rule.version_ids)
        self.assertEqual(preview.changed_count, 3)
        self.assertEqual(set(preview.line_ids.mapped("kind")), {"ignored"})
        self.assertIn("Posted elsewhere.", self.line(preview, "odd").after)

    def test_a_rule_with_a_word_nobody_knows_is_shown_as_held_without_noise(self):
        rule = (
            self.env["finance.posting.rule"]
            .with_user(self.editor)
            .create(
                {
                    "name": "Nonsense",
                    "system_id": self.system.id,
                    "document_type": "balance_transaction",
                    "version_ids": [(0, 0, {"journal_key": "{nonsense}"})],
                }
            )
        )
        self.env["finance.posting.rule.line"].with_user(self.editor).create(
            {
                "version_id": rule.version_ids.id,
                "side": "debit",
                "measure": "amount",
                "key": "clearing|{currency}",
            }
        )
        with self.assertNoLogs("odoo.addons.finance_integration", "WARNING"):
            preview = self.preview(rule.version_ids)
        self.assertEqual(set(preview.line_ids.mapped("kind")), {"held"})

    def test_the_settled_part_of_a_posted_dispute_is_open_to_the_preview(self):
        """Its own entry closed what it is about."""
        self.play(
            txn("taken", "dispute", "-20.00", dispute_id="dp_1"),
            {
                "type": "dispute",
                "source_id": "dp_1",
                "occurred_at": "2026-03-12T10:00:00Z",
                "currency": "EUR",
                "amount": "20.00",
                "status": "lost",
                "references": [{"role": "dispute", "value": "dp_1"}],
            },
        )
        self.assertEqual(self.find("dp_1", "dispute").state, "posted")
        version = self.relost()
        preview = self.preview(version)
        line = self.line(preview, "dp_1")
        self.assertEqual(line.kind, "entry")
        self.assertFalse(line.books)

    def relost(self):
        mappings = self.env["finance.mapping"].with_user(self.editor)
        version = mappings._find(self.system, "account")._draft("Losses move")
        version.rule_ids.filtered(
            lambda each: each.key == "chargeback_loss|EUR"
        ).target = self.other
        return version.with_env(self.env)


@tagged("post_install", "-at_install")
class Run(PreviewCase):
    def test_nothing_is_posted_held_or_raised_and_the_log_says_it_ran(self):
        documents = self.env["finance.document"].search([])
        exceptions = self.env["finance.exception"].search([])
        states = documents.mapped("state")
        ledger, last = self.ledger(), self.last_log()
        self.preview(self.redirected())
        self.assertEqual(documents.mapped("state"), states)
        self.assertEqual(self.env["finance.exception"].search([]), exceptions)
        self.assertEqual(self.ledger(), ledger)
        news = self.env["finance.log"].search([("id", ">", last)])
        self.assertEqual(news.mapped("event"), ["preview.run"])

    def last_log(self):
        return self.env["finance.log"].search([], limit=1).id

    def test_steps_of_one_document_find_what_one_step_finds(self):
        version = self.redirected()
        whole = self.preview(version)
        with patch.object(finance_preview, "A_STEP", 1):
            parts = self.preview(version)
        self.assertEqual(self.sums(whole), self.sums(parts))
        self.assertEqual(whole.summary, parts.summary)
        self.assertEqual(whole.line_ids.mapped("after"), parts.line_ids.mapped("after"))

    def test_a_step_wants_the_next_one_and_tells_how_far_it_is(self):
        version = self.redirected()
        with trap_jobs() as trap, patch.object(finance_preview, "A_STEP", 2):
            preview = self.start(version)
            trap.assert_jobs_count(1)
            preview._job_step()
            trap.assert_jobs_count(2)
        self.assertEqual((preview.state, preview.done), ("running", 2))
        self.assertAlmostEqual(preview.progress, 200 / 3)

    def start(self, version, **scope):
        previews = self.env["finance.preview"]
        return previews.with_user(self.editor)._start(
            version, self.system, scope or {"newest": 100}
        )

    def test_two_presses_make_one_run(self):
        version = self.redirected()
        with trap_jobs() as trap:
            self.assertEqual(self.start(version), self.start(version, newest=5))
            trap.assert_jobs_count(1)

    def test_the_database_knows_of_one_run_at_a_time(self):
        version = self.redirected()
        with trap_jobs():
            preview = self.start(version)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                preview.sudo().copy()

    def test_the_last_documents_are_those_received_last(self):
        preview = self.preview(self.redirected(), newest=2)
        self.assertEqual((preview.total, preview.done), (2, 2))
        self.assertEqual(preview.changed_count, 0)

    def test_a_period_is_of_days_of_the_company(self):
        """Berlin: 2026-03-10 begins at 23:00 UTC the day before."""
        self.play(
            txn(
                "night",
                "payment",
                "5",
                fees={"processing": "1"},
                occurred_at="2026-03-10T23:30:00Z",
            )
        )
        day = date(2026, 3, 11)
        preview = self.preview(self.redirected(), date_from=day, date_to=day)
        self.assertEqual(preview.line_ids.document_id.source_id, "night")

    def test_it_stops_between_steps(self):
        with trap_jobs(), patch.object(finance_preview, "A_STEP", 1):
            preview = self.start(self.redirected())
            preview._job_step()
            preview.with_user(self.approver).action_cancel()
            preview._job_step()
        self.assertEqual((preview.state, preview.done), ("cancelled", 1))

    def test_it_stops_when_the_version_is_changed_under_it(self):
        version = self.redirected()
        with trap_jobs(), patch.object(finance_preview, "A_STEP", 1):
            preview = self.start(version)
            preview._job_step()
            version.with_user(self.editor).rule_ids[0].unlink()
            preview._job_step()
        self.assertEqual((preview.state, preview.done), ("cancelled", 1))
        self.assertIn("changed", preview.reason)

    def test_a_draft_that_is_deleted_takes_its_run_along(self):
        version = self.redirected()
        with trap_jobs():
            preview = self.start(version)
        version.unlink()
        preview._job_step()
        self.assertFalse(preview.exists())

    def test_the_version_says_when_it_was_changed_after_its_preview(self):
        version = self.redirected()
        preview = self.preview(version)
        self.assertEqual(version.preview_id, preview)
        self.assertFalse(version.preview_outdated)
        version.with_user(self.editor).rule_ids[0].unlink()
        version.invalidate_recordset()
        self.assertTrue(version.preview_outdated)

    def test_submitting_changes_no_content(self):
        version = self.redirected()
        self.preview(version)
        version.with_user(self.editor).action_submit()
        version.invalidate_recordset()
        self.assertFalse(version.preview_outdated)

    def test_what_was_decided_is_not_previewed(self):
        with self.assertRaises(UserError):
            self.preview(self.in_force())

    def test_old_runs_are_forgotten(self):
        old = self.preview(self.redirected())
        self.env.cr.execute(
            "UPDATE finance_preview SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - finance_preview.KEPT - timedelta(days=1), old.id],
        )
        new = self.preview(old.mapping_version_id)
        self.env["finance.preview"]._gc_old()
        self.assertEqual((old | new).exists(), new)


@tagged("post_install", "-at_install")
class Rights(PreviewCase):
    def test_editors_and_approvers_preview_others_do_not(self):
        version = self.proposal()
        self.preview(version, self.approver)
        for role in ("user", "operator", "admin", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.preview(version, self.make_user(role))

    def test_nobody_writes_what_a_run_found(self):
        preview = self.preview(self.redirected())
        for records in (preview, preview.line_ids[0], preview.total_ids[0]):
            for role in ("editor", "approver", "admin", "auditor"):
                mine = records.with_user(self.make_user(role))
                self.assert_refused(
                    {
                        f"{role} writes": lambda mine=mine: mine.write({"id": 1}),
                        f"{role} deletes": mine.unlink,
                        f"{role} creates": lambda mine=mine: mine.create({}),
                    }
                )

    def test_another_company_sees_nothing_of_it(self):
        preview = self.preview(self.redirected())
        stranger = self.make_user("auditor", self.make_company("Stranger"))
        for records in (preview, preview.line_ids, preview.total_ids):
            seen = self.env[records._name].with_user(stranger).search([])
            self.assertFalse(seen & records)

    def test_a_system_of_another_company_is_not_looked_at(self):
        elsewhere = self.make_company("Elsewhere")
        system = self.make_system(elsewhere, "elsewhere")
        with self.assertRaises(AccessError):
            self.preview(self.redirected(), system=system)

    def test_only_those_who_may_start_it_stop_it(self):
        preview = self.preview(self.redirected())
        for role in ("user", "auditor", "admin"):
            with self.subTest(role), self.assertRaises(AccessError):
                preview.with_user(self.make_user(role)).action_cancel()
