"""Processes: what they hold, who decides, what a refusal undoes."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HubCase, txn

APPROVED = {"code": "approved", "label": "Approved", "kind": "decision"}
POSTED = {"code": "posted", "label": "Posted", "kind": "post"}
RELEASED = {"code": "released", "label": "Released", "kind": "decision"}
PUBLISHED = {"code": "published", "label": "Published", "kind": "event"}
VALIDATED = {
    "code": "validated",
    "label": "Validated",
    "kind": "check",
    "check": "validated",
}


class ProcessCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls.make_user("approver")
        cls.second = cls.make_user("approver")

    @classmethod
    def add_process(cls, *steps, system=None, kind="balance_transaction", user=None):
        """An approved process of ``system`` with these steps."""
        env = cls.env(user=user) if user else cls.env
        system = system or cls.system
        process = env["finance.process"].search(
            [("system_id", "=", system.id), ("document_type", "=", kind)]
        ) or env["finance.process"].create(
            {"name": "Proof", "system_id": system.id, "document_type": kind}
        )
        version = process._draft("For a test")
        version.step_ids.unlink()
        rows = [
            (0, 0, {"sequence": number, **step}) for number, step in enumerate(steps)
        ]
        version.write({"step_ids": rows, "change_reason": "For a test"})
        version.action_submit()
        cls.approve(version)
        return version

    def run_of(self, source_id, kind="balance_transaction"):
        return self.find(source_id, kind).process_run_id

    def steps_of(self, source_id):
        return self.run_of(source_id).step_ids.mapped("state")

    def decide(self, user, exception, remedy, reason="Known to us"):
        action = self.press(exception, remedy, user)
        wizards = self.env["finance.process.verdict"].with_user(user)
        wizard = wizards.with_context(**action["context"]).create({"reason": reason})
        wizard.action_decide()
        self.env.invalidate_all()
        self.drain()

    def state(self, source_id):
        return self.find(source_id).state


@tagged("post_install", "-at_install")
class OnTheRoad(ProcessCase):
    def test_without_a_process_everything_posts_and_nothing_is_kept(self):
        self.play(txn("t1", "payment", "10.00"))
        self.assertEqual(self.state("t1"), "posted")
        self.assertFalse(self.env["finance.process.run"].search([]))

    def test_a_draft_is_in_force_nowhere(self):
        self.env["finance.process"].create(
            {
                "name": "Draft",
                "system_id": self.system.id,
                "document_type": "balance_transaction",
            }
        )
        self.play(txn("t1", "payment", "10.00"))
        self.assertEqual(self.state("t1"), "posted")

    def test_what_waits_for_one_step_shares_one_exception(self):
        self.add_process(VALIDATED, APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"), txn("t2", "payment", "20.00"))
        exception = self.assert_held("t1", "process:", category="control")
        self.assertEqual(self.find("t2").exception_id, exception)
        self.assertIn("2 documents", exception.summary)
        self.assertIn("Approved", exception.summary)
        self.assertEqual(self.steps_of("t1"), ["done", "active", "waiting"])

    def test_approved_documents_post_and_go_to_the_end(self):
        self.add_process(VALIDATED, APPROVED, POSTED, PUBLISHED)
        self.play(txn("t1", "payment", "10.00"), txn("t2", "payment", "20.00"))
        exception = self.find("t1").exception_id
        self.decide(self.approver, exception, "approve_step")
        self.assertEqual((self.state("t1"), self.state("t2")), ("posted", "posted"))
        self.assertEqual(self.run_of("t1").state, "done")
        self.assertEqual(self.steps_of("t1"), ["done"] * 4)
        self.assertEqual(exception.state, "resolved")
        step = self.run_of("t1").step_ids[1]
        self.assertEqual((step.user_id, step.note), (self.approver, "Known to us"))
        events = self.find("t1").log_ids.filtered(
            lambda each: each.event == "step.done"
        )
        self.assertIn("Approved: Known to us", events.mapped("detail"))
        self.assertIn("Published", events.mapped("detail"))

    def test_a_refused_document_is_never_posted(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        exception = self.find("t1").exception_id
        self.decide(self.approver, exception, "refuse_step", "Not ours")
        document = self.find("t1")
        self.assertEqual((document.state, document.reason), ("ignored", "Not ours"))
        self.assertFalse(document.move_ids)
        self.assertEqual(self.run_of("t1").state, "compensated")
        self.assertEqual(self.steps_of("t1"), ["refused", "cancelled"])
        self.assertEqual(exception.state, "resolved")

    def test_rejecting_what_waits_refuses_it(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.find("t1").exception_id.with_user(self.approver).sudo()._close("Fraud")
        self.assertEqual(self.state("t1"), "ignored")
        self.assertEqual(self.run_of("t1").state, "compensated")

    def test_a_decision_about_many_is_one_by_marking_them(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"), txn("t2", "payment", "20.00"))
        self.run_of("t1").with_user(self.approver).action_approve_step()
        self.drain()
        self.assertEqual((self.state("t1"), self.state("t2")), ("posted", "held"))
        self.assertEqual(self.find("t2").exception_id.state, "open")

    def test_a_process_altered_around_odoo_stops_everything(self):
        """FAULTS 46."""
        version = self.add_process(APPROVED, POSTED)
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("ALTER TABLE finance_process_step DISABLE TRIGGER USER")
        cr.execute(
            "ALTER TABLE finance_process_step DISABLE TRIGGER finance_guard_line"
        )
        cr.execute(
            "UPDATE finance_process_step SET kind = 'event' WHERE version_id = %s"
            " AND code = 'approved'",
            (version.id,),
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "altered:", category="control")

    def test_what_began_under_an_altered_process_is_refused_and_not_approved(self):
        """FAULTS 46."""
        version = self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE finance_process_step DISABLE TRIGGER finance_guard_line"
        )
        self.env.cr.execute(
            "UPDATE finance_process_step SET role = 'user' WHERE version_id = %s",
            (version.id,),
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        run = self.run_of("t1")
        with self.assertRaises(UserError):
            run.with_user(self.make_user("user")).action_approve_step()
        run.with_user(self.approver).action_refuse_step("Altered")
        self.drain()
        self.assertEqual(self.state("t1"), "ignored")

    def test_sql_does_not_take_a_document_past_a_decision(self):
        """FAULTS 46: the database keeps the way of a document, too."""
        author = self.make_user("editor")
        self.add_process(APPROVED, RELEASED, POSTED, user=author)
        self.play(txn("t1", "payment", "10.00"))
        self.run_of("t1").with_user(self.approver).action_approve_step()
        self.env.flush_all()
        run = self.run_of("t1")
        first, second, post = run.step_ids.ids
        change = "UPDATE finance_process_run_step SET state = 'done', user_id = {} "
        for statement in (
            f"UPDATE finance_process_run SET state = 'done' WHERE id = {run.id}",
            f"UPDATE finance_process_run SET version_id = 0 WHERE id = {run.id}",
            f"DELETE FROM finance_process_run WHERE id = {run.id}",
            f"DELETE FROM finance_process_run_step WHERE id = {post}",
            f"UPDATE finance_process_run_step SET state = 'waiting' WHERE id = {first}",
            f"UPDATE finance_process_run_step SET user_id = NULL WHERE id = {first}",
            f"{change.format('NULL')} WHERE id = {second}",
            f"{change.format(SUPERUSER_ID)} WHERE id = {second}",
            f"{change.format(author.id)} WHERE id = {second}",
            f"{change.format(self.approver.id)} WHERE id = {second}",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_what_the_list_shows_does_not_decide_where_a_document_stands(self):
        """FAULTS 46."""
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.env.flush_all()
        self.env.cr.execute("UPDATE finance_process_run SET step_kind = 'post'")
        self.env.invalidate_all()
        self.find("t1").exception_id.action_try_again()
        self.drain()
        self.assertEqual(self.state("t1"), "held")

    def test_trying_again_does_not_go_past_a_decision(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.find("t1").exception_id.action_try_again()
        self.drain()
        self.assertEqual(self.state("t1"), "held")

    def test_what_lacks_a_mapping_waits_for_that_first(self):
        self.add_process(VALIDATED, APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00", fees={"odd": "1"}))
        self.assert_held("t1", "mapping:")
        self.assertEqual(self.steps_of("t1"), ["active", "waiting", "waiting"])
        self.add_mapping(self.system, "fee", "odd", self.account("processing", "fee"))
        self.drain()
        self.assert_held("t1", "process:", category="control")

    def test_a_run_ends_under_the_version_it_began_with(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.add_process(POSTED)
        self.play(txn("t2", "payment", "10.00"))
        self.assertEqual((self.state("t1"), self.state("t2")), ("held", "posted"))

    def test_a_newer_revision_cancels_the_run_of_the_one_before(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00", revision=1))
        self.play(txn("t1", "payment", "12.00", revision=2))
        old, new = self.find("t1").sorted("revision")
        self.assertEqual((old.state, new.state), ("superseded", "held"))
        self.assertEqual(old.process_run_id.state, "cancelled")
        self.assertEqual(new.process_run_id.state, "running")

    def test_the_document_shows_its_steps_with_who_decided(self):
        self.add_process(APPROVED, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.decide(self.approver, self.find("t1").exception_id, "approve_step")
        shown = self.find("t1").with_user(self.approver).process_html
        self.assertIn("Approved", shown)
        self.assertIn(self.approver.name, shown)


@tagged("post_install", "-at_install")
class Time(ProcessCase):
    def pass_time(self, hours):
        runs = self.env["finance.process.run"].search([("due_at", "!=", False)])
        runs.due_at = fields.Datetime.now() - timedelta(hours=hours)
        self.env["finance.process.run"]._cron_time()
        self.env.invalidate_all()
        self.drain()

    def test_a_late_step_is_told_to_who_hears_of_it_and_can_be_decided(self):
        boss = self.make_user("approver")
        self.add_process({**APPROVED, "hours": 8, "escalate_id": boss.id}, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        exception = self.find("t1").exception_id
        self.pass_time(1)
        self.assertEqual(self.steps_of("t1"), ["late", "waiting"])
        self.assertIn(boss, exception.activity_ids.user_id)
        self.pass_time(1)
        self.assertEqual(len(exception.activity_ids), 1)
        self.decide(self.approver, exception, "approve_step")
        self.assertEqual(self.state("t1"), "posted")

    def test_a_late_step_that_refuses_refuses(self):
        self.add_process({**APPROVED, "hours": 8, "when_late": "refuse"}, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        exception = self.find("t1").exception_id
        self.pass_time(1)
        self.assertEqual(self.state("t1"), "ignored")
        self.assertEqual(exception.state, "resolved")

    def test_within_its_time_nothing_happens(self):
        self.add_process({**APPROVED, "hours": 8, "when_late": "refuse"}, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.env["finance.process.run"]._cron_time()
        self.assertEqual(self.state("t1"), "held")


@tagged("post_install", "-at_install")
class Compensation(ProcessCase):
    STEPS = (
        {**APPROVED, "compensation": "withdraw"},
        {**POSTED, "compensation": "reverse"},
        {**RELEASED, "hours": 8, "when_late": "refuse"},
    )

    def post_one(self):
        self.add_process(*self.STEPS)
        self.play(txn("t1", "payment", "10.00"))
        self.decide(self.approver, self.find("t1").exception_id, "approve_step")
        self.assertEqual(self.state("t1"), "posted")
        return self.run_of("t1")

    def assert_reversed_once(self):
        document = self.find("t1")
        reversals = document.compensation_id
        self.assertEqual(len(document.move_ids), 2)
        self.assertEqual(len(reversals.reversed_entry_id.reversal_move_ids), 1)
        self.assertEqual(self.balance("clearing|EUR"), 0)
        self.assertEqual(self.run_of("t1").state, "compensated")
        states = ["compensated", "compensated", "refused"]
        self.assertEqual(self.steps_of("t1"), states)

    def test_refused_after_posting_the_entry_is_reversed_exactly_once(self):
        run = self.post_one()
        exception = run.exception_id
        self.assertEqual((exception.state, run.step_label), ("open", "Released"))
        self.decide(self.second, exception, "refuse_step", "A mistake")
        self.assert_reversed_once()
        self.env["finance.process.run"]._undo_step(self.system)
        self.drain()
        self.assert_reversed_once()
        self.assertEqual(exception.state, "resolved")

    def test_late_after_posting_the_entry_is_reversed_exactly_once(self):
        run = self.post_one()
        run.due_at = fields.Datetime.now() - timedelta(hours=1)
        for _repeat in range(2):
            self.env["finance.process.run"]._cron_time()
            self.drain()
        self.assert_reversed_once()

    def test_released_after_posting_it_is_done(self):
        run = self.post_one()
        exception = run.exception_id
        self.decide(self.second, exception, "approve_step")
        self.assertEqual(run.state, "done")
        self.assertEqual(exception.state, "resolved")
        self.assertFalse(self.find("t1").compensation_id)

    def test_what_cannot_be_reversed_waits_for_a_person_once(self):
        run = self.post_one()
        self.company.fiscalyear_lock_date = fields.Date.today()
        self.decide(self.second, run.exception_id, "refuse_step", "A mistake")
        self.drain()
        exception = self.env["finance.exception"].search(
            [("cause", "=", f"undo:{run.id}")]
        )
        self.assertEqual((len(exception), exception.state), (1, "open"))
        self.assertEqual(run.state, "compensating")
        exception._close("Reversed by hand: MISC/9")
        self.drain()
        self.assertEqual(run.state, "compensated")
        self.assertIn("MISC/9", run.step_ids[1].note)

    def test_a_step_after_the_posting_is_decided_and_not_closed(self):
        run = self.post_one()
        with self.assertRaises(UserError):
            run.exception_id._close("Fine")


@tagged("post_install", "-at_install")
class WhoDecides(ProcessCase):
    def setUp(self):
        super().setUp()
        self.version = self.add_process(APPROVED, {**RELEASED, "role": "user"}, POSTED)
        self.play(txn("t1", "payment", "10.00"))
        self.run_ = self.run_of("t1")

    def assert_may_not(self, user):
        for run in (self.run_.with_user(user), self.run_.with_user(user).sudo()):
            for decide in (run.action_approve_step, run.action_refuse_step):
                with self.subTest(user=user.name), self.assertRaises(AccessError):
                    decide("Fine")

    def test_only_the_role_of_the_step_decides(self):
        for role in ("user", "operator", "editor", "admin", "auditor"):
            self.assert_may_not(self.make_user(role))

    def test_no_administrator_and_no_robot_decides(self):
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        self.assert_may_not(both)
        self.assert_may_not(self.env["res.users"].browse(SUPERUSER_ID))

    def test_who_wrote_the_process_does_not_decide(self):
        author = self.make_user("editor")
        author.group_ids |= self.env.ref("finance_integration.group_approver")
        self.add_process(APPROVED, POSTED, user=author)
        self.play(txn("t2", "payment", "10.00"))
        self.run_ = self.run_of("t2")
        self.assert_may_not(author)

    def test_nobody_decides_two_steps(self):
        self.run_.with_user(self.approver).action_approve_step()
        self.drain()
        self.assertEqual(self.run_.step_label, "Released")
        self.assert_may_not(self.approver)

    def test_a_named_person_decides_alone(self):
        self.add_process({**APPROVED, "owner_id": self.second.id}, POSTED)
        self.play(txn("t2", "payment", "10.00"))
        self.run_ = self.run_of("t2")
        self.assertEqual(self.find("t2").exception_id.owner_id, self.second)
        self.assert_may_not(self.approver)
        self.run_.with_user(self.second).action_approve_step()
        self.drain()
        self.assertEqual(self.state("t2"), "posted")

    def test_a_second_decision_about_one_step_is_refused(self):
        self.run_.with_user(self.approver).action_refuse_step("No")
        with self.assertRaises(UserError):
            self.run_.with_user(self.second).action_approve_step()
        self.drain()
        self.assertEqual(self.state("t1"), "ignored")

    def test_a_refusal_needs_a_reason(self):
        with self.assertRaises(UserError):
            self.run_.with_user(self.approver).action_refuse_step("  ")

    def test_runs_and_steps_are_written_by_nobody(self):
        for role in ("user", "editor", "approver", "admin", "auditor"):
            user = self.make_user(role)
            for records in (self.run_, self.run_.step_ids):
                mine = records.with_user(user)
                with self.subTest(role=role), self.assertRaises(AccessError):
                    mine.write({"state": "done"})
                with self.assertRaises(AccessError):
                    mine.unlink()
                with self.assertRaises(AccessError):
                    mine.create({})

    def test_people_of_another_company_neither_see_nor_decide(self):
        other = self.make_company("Elsewhere")
        stranger = self.make_user("approver", other)
        for model in ("finance.process.run", "finance.process.run.step"):
            self.assertFalse(self.env[model].with_user(stranger).search([]))
        self.assert_may_not(stranger)


@tagged("post_install", "-at_install")
class Onboarding(ProcessCase):
    """The shipped template, for the suppliers of a system."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.flow_ids.unknown_partners = "create"
        process = cls.env["finance.process"].create(
            {
                "name": "Onboarding",
                "document_type": "supplier",
                "system_id": cls.system.id,
                "template_id": cls.env.ref(
                    "finance_integration.process_supplier_onboarding"
                ).id,
            }
        )
        process.version_ids.change_reason = "For a test"
        process.version_ids.action_submit()
        cls.approve(process.version_ids)
        cls.play(
            {
                "type": "supplier",
                "source_id": "s1",
                "name": "Xq Zyvw",
                "occurred_at": "2026-03-10T10:00:00Z",
            }
        )
        cls.document = cls.find("s1", "supplier")
        cls.reference = cls.env["finance.reference"].search(
            [("system_id", "=", cls.system.id), ("foreign_id", "=", "s1")]
        )
        cls.partner = cls.reference.target
        cls.user = cls.make_user("user")

    def confirm(self):
        self.reference.with_user(self.approver).action_confirm()
        self.env["finance.waiting"]._release_satisfied()
        self.drain()

    def waits_for(self):
        return self.document.process_run_id.step_label

    def test_a_supplier_waits_until_its_partner_is_confirmed(self):
        self.assertEqual(self.waits_for(), "Known Once")
        self.assertEqual(self.document.exception_id.cause, "partner_unknown:s1")
        self.confirm()
        self.assertEqual(self.waits_for(), "Bank Details Confirmed")

    def test_a_partner_that_looks_like_another_waits_until_somebody_has_looked(self):
        other = self.env["res.partner"].create({"name": "Xq Zyvw"})
        first, second = sorted((self.partner.id, other.id))
        self.env.cr.execute(
            "INSERT INTO finance_partner_pair (first_id, second_id, company_id, score,"
            " reasons, state) VALUES (%s, %s, %s, 90, 'name', 'proposed') RETURNING id",
            (first, second, self.company.id),
        )
        pair = self.env["finance.partner.pair"].browse(self.env.cr.fetchone())
        self.confirm()
        self.assertTrue(
            self.document.exception_id.cause.startswith("duplicate_partner:")
        )
        pair.state = "different"
        self.env["finance.waiting"]._release_satisfied()
        self.drain()
        self.assertEqual(self.waits_for(), "Bank Details Confirmed")

    def test_who_entered_the_bank_account_does_not_confirm_it(self):
        self.confirm()
        bank = self.env["res.partner.bank"].create(
            {"partner_id": self.partner.id, "acc_number": "X1"}
        )
        self.env.cr.execute(
            "UPDATE res_partner_bank SET create_uid = %s WHERE id = %s",
            (self.user.id, bank.id),
        )
        self.env.invalidate_all()
        run = self.document.process_run_id
        with self.assertRaises(AccessError):
            run.with_user(self.user).action_approve_step()
        run.with_user(self.make_user("user")).action_approve_step()
        self.drain()
        self.assertEqual(self.waits_for(), "Approved")

    def test_onboarded_it_is_done_with_nothing_posted(self):
        self.confirm()
        run = self.document.process_run_id
        run.with_user(self.user).action_approve_step()
        self.drain()
        run.with_user(self.second).action_approve_step()
        self.drain()
        self.assertEqual((run.state, self.document.state), ("done", "ignored"))
        self.assertIn("Reference data", self.document.reason)
        self.assertTrue(self.partner.active)

    def test_refused_the_partner_that_was_created_for_it_is_archived(self):
        self.confirm()
        run = self.document.process_run_id
        run.with_user(self.user).action_refuse_step("Not known to us")
        self.drain()
        self.assertEqual(run.state, "compensated")
        self.assertFalse(self.partner.active)

    def test_refused_a_partner_that_was_there_before_stays(self):
        self.confirm()
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = create_date - interval '1 day'"
            " WHERE id = %s",
            (self.partner.id,),
        )
        self.env.invalidate_all()
        run = self.document.process_run_id
        run.with_user(self.user).action_refuse_step("Not known to us")
        self.drain()
        self.assertEqual(run.state, "compensated")
        self.assertTrue(self.partner.active)

    def test_a_refused_partner_with_entries_is_for_a_person(self):
        self.confirm()
        self.make_invoice("10", partner_id=self.partner.id)
        run = self.document.process_run_id
        run.with_user(self.user).action_refuse_step("Not known to us")
        self.drain()
        self.assertEqual(run.state, "compensating")
        self.assertTrue(self.partner.active)
        causes = self.env["finance.exception"].search([("state", "=", "open")])
        self.assertIn(f"undo:{run.id}", causes.mapped("cause"))


@tagged("post_install", "-at_install")
class Definitions(ProcessCase):
    def test_templates_are_shipped_as_drafts(self):
        for name in ("supplier_invoice", "supplier_onboarding"):
            template = self.env.ref(f"finance_integration.process_{name}")
            self.assertEqual(template.version_ids.mapped("state"), ["draft"])
            with self.assertRaises(UserError):
                template.version_ids.action_submit()

    def test_a_process_begins_with_the_steps_of_its_template(self):
        template = self.env.ref("finance_integration.process_supplier_invoice")
        editor = self.make_user("editor")
        process = (
            self.env["finance.process"]
            .with_user(editor)
            .create(
                {
                    "name": "Invoices",
                    "document_type": "supplier_invoice",
                    "system_id": self.system.id,
                    "template_id": template.id,
                }
            )
        )
        self.assertEqual(
            process.version_ids.step_ids.mapped("code"),
            template.version_ids.step_ids.mapped("code"),
        )
        self.assertEqual(process.version_ids.author_ids, editor)

    def test_an_approved_process_changes_by_a_new_version_only(self):
        version = self.add_process(APPROVED, POSTED)
        editor = self.make_user("editor")
        with self.assertRaises(UserError):
            version.step_ids[0].with_user(editor).write({"role": "user"})
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE finance_process_step SET role = 'user' WHERE version_id = %s",
                (version.id,),
            )

    def test_a_process_needs_one_posting_after_its_checks(self):
        for steps in ((APPROVED,), (POSTED, VALIDATED), (POSTED, POSTED)):
            steps = [{**step, "code": str(n)} for n, step in enumerate(steps)]
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.add_process(*steps)
