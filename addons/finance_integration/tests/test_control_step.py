"""The control step: what it stops, what it lets pass with a note, who lets it go on."""

from datetime import date, timedelta

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import DAY, HubCase, settlement, txn


class ControlCase(HubCase):
    @classmethod
    def add_control(cls, kind=False, limits=(), user=None, **values):
        """An approved control of a system, a ``flow``; ``limits`` are values of
        lines."""
        env = cls.env(user=user) if user else cls.env
        flow = values.pop("flow", env["finance.flow"])
        system = values.pop("system", flow.system_id or cls.system)
        place = {"system_id": system.id, "flow_id": flow.id, "document_type": kind}
        controls = env["finance.control"]
        known = controls.search([(name, "=", place[name]) for name in place])
        control = known or controls.create(place)
        version = control._draft("For a test")
        version.limit_ids.unlink()
        version.write({**values, "change_reason": "For a test"})
        version.write({"limit_ids": [(0, 0, limit) for limit in limits]})
        version.action_submit()
        cls.approve(version)
        return version

    def exception_of(self, source_id):
        return self.find(source_id).exception_id

    def decide(self, user, source_id, verdict, reason="Known to us"):
        """Press the button of the exception, or of the document for ``revoke``, and
        say why."""
        document = self.find(source_id)
        context = {"default_document_id": document.id, "default_verdict": verdict}
        if verdict not in ("revoke", "restore"):
            button = {"approve": "release", "distinct": "not_duplicate"}
            action = self.press(
                document.exception_id, button.get(verdict, verdict), user
            )
            context = action["context"]
        wizards = self.env["finance.document.verdict"].with_user(user)
        wizards.with_context(**context).create({"reason": reason}).action_decide()
        self.env.invalidate_all()
        self.drain()

    def state(self, source_id):
        return self.find(source_id).state


@tagged("post_install", "-at_install")
class Period(ControlCase):
    def test_locked_period_waits_for_a_person_when_nothing_was_approved(self):
        """FAULTS 41."""
        self.company.fiscalyear_lock_date = DAY
        self.play(txn("t1", "payment", "10.00"))
        self.company.fiscalyear_lock_date = False
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assert_held("t1", "period:refuse:fiscalyear:", category="control")

    def test_held_for_a_locked_period_goes_on_when_it_opens(self):
        """FAULTS 41."""
        self.add_control(period="hold")
        self.company.fiscalyear_lock_date = DAY
        self.play(txn("t1", "payment", "10.00"))
        exception = self.assert_held("t1", "period:hold:", category="control")
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.state("t1"), "held")
        self.company.fiscalyear_lock_date = False
        self.env["finance.engine"]._cron_sweep()
        self.drain()
        self.assertEqual(self.state("t1"), "posted")
        self.assertEqual(str(self.find("t1").move_ids.date), DAY)
        self.assertEqual(exception.state, "resolved")

    def test_first_open_day_keeps_the_original_date_as_evidence(self):
        """FAULTS 41."""
        self.add_control(period="first_open")
        self.company.fiscalyear_lock_date = "2026-03-31"
        self.play(txn("t1", "payment", "10.00", currency="USD"))
        document = self.find("t1")
        self.assertEqual(document.state, "posted")
        self.assertEqual(str(document.move_ids.date), "2026-04-01")
        self.assertEqual(str(document.move_ids.finance_original_date), DAY)
        self.assertIn("2026-04-01", document.warning)
        self.assertIn(DAY, document.warning)
        self.assertIn("document.warned", document.log_ids.mapped("event"))
        self.assertEqual(self.balance("clearing|USD"), 9.2)  # the rate of its own day

    def test_lock_that_falls_between_receipt_and_posting_moves_the_date_too(self):
        """FAULTS 41."""
        self.add_control(period="first_open")
        self.deliver(txn("t1", "payment", "10.00"))
        self.company.hard_lock_date = DAY
        self.drain()
        self.assertEqual(str(self.find("t1").move_ids.date), "2026-03-11")

    def test_lock_that_falls_between_translation_and_posting_stops_the_entry(self):
        """FAULTS 41: in one transaction, where the locked row does not help."""
        poster = self.env["finance.poster"]
        self.deliver(txn("t1", "payment", "10.00"))
        self.env["finance.engine"]._normalise_step(self.system)
        check = type(poster)._post

        def lock_first(poster, items):
            self.company.fiscalyear_lock_date = DAY
            return check(poster, items)

        self.patch(type(poster), "_post", lock_first)
        self.drain()
        self.assert_held("t1", "posting:", category="control")

    def test_who_locks_a_period_waits_for_what_was_checked_before(self):
        """FAULTS 41: between translation and posting, by another transaction."""
        company = self.env.ref("base.main_company")
        self.env["finance.control.step"]._locks(company)
        with self.registry.cursor() as other:
            other.execute(
                "SELECT id FROM res_company WHERE id = %s"
                " FOR NO KEY UPDATE SKIP LOCKED",
                (company.id,),
            )
            self.assertFalse(other.fetchall())

    def test_lock_exception_for_everybody_is_honoured(self):
        """FAULTS 41."""
        self.company.fiscalyear_lock_date = DAY
        self.grant_exception(user_id=False)
        self.play(txn("t1", "payment", "10.00"))
        self.assertEqual(str(self.find("t1").move_ids.date), DAY)

    def test_lock_exception_for_one_person_is_not_the_engines(self):
        """FAULTS 41."""
        self.company.fiscalyear_lock_date = DAY
        self.grant_exception(user_id=self.make_user("approver").id)
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "period:", category="control")

    def test_lock_exception_that_ended_is_none(self):
        """FAULTS 41."""
        self.company.fiscalyear_lock_date = DAY
        past = fields.Datetime.now() - timedelta(hours=1)
        self.grant_exception(user_id=False, end_datetime=past)
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "period:", category="control")

    def test_tax_lock_stops_credit_notes_with_tax_only(self):
        """FAULTS 41."""
        plain = self.make_invoice("50")
        taxed = self.make_invoice("50", tax=self.make_tax(19))
        self.company.tax_lock_date = DAY
        self.play(
            txn("t1", "refund", "-10.00", invoice_id=plain.name),
            txn("t2", "refund", "-11.90", invoice_id=taxed.name),
        )
        self.assertEqual(self.state("t1"), "posted")
        self.assert_held("t2", "period:refuse:tax", category="control")

    def grant_exception(self, **values):
        self.env["account.lock_exception"].create(
            {
                "company_id": self.company.id,
                "fiscalyear_lock_date": date(2026, 1, 31),
                "end_datetime": fields.Datetime.now() + timedelta(hours=1),
                "reason": "Late invoices",
                **values,
            }
        )


@tagged("post_install", "-at_install")
class Limits(ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls.make_user("approver")

    def test_amount_above_the_limit_waits_until_an_approver_releases_it(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "100.00"), txn("t2", "payment", "100.01"))
        self.assertEqual(self.state("t1"), "posted")
        exception = self.assert_held("t2", "limit:", category="control")
        self.decide(self.approver, "t2", "approve")
        self.assertEqual(self.state("t2"), "posted")
        self.assertEqual(exception.state, "resolved")
        row = self.find("t2").log_ids.filtered(
            lambda each: each.event == "document.released"
        )
        self.assertEqual((row.user_id, row.detail), (self.approver, "Known to us"))

    def test_limit_without_currency_is_the_value_in_company_currency(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(
            txn("t1", "payment", "108.00", currency="USD"),  # 99.36 EUR
            txn("t2", "payment", "109.00", currency="USD"),  # 100.28 EUR
        )
        self.assertEqual(self.state("t1"), "posted")
        self.assert_held("t2", "limit:", category="control")

    def test_limit_of_a_currency_and_category_is_for_those_alone(self):
        self.add_control(
            limits=[
                {"amount": 50, "currency_id": self.usd.id},
                {"amount": 10, "category": "refund"},
            ]
        )
        self.play(
            txn("t1", "payment", "60.00"),
            txn("t2", "payment", "51.00", currency="USD"),
            txn("t3", "refund", "-10.01"),
        )
        self.assertEqual(self.state("t1"), "posted")
        self.assert_held("t2", "limit:", category="control")
        self.assert_held("t3", "limit:", category="control")

    def test_control_of_a_type_goes_before_the_one_for_all(self):
        self.add_control(limits=[{"amount": 1}])
        self.add_control(kind="balance_transaction", limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "50.00"))
        self.assertEqual(self.state("t1"), "posted")

    def test_rejected_document_is_ignored_for_the_reason(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        self.decide(self.approver, "t1", "reject", "Fraud")
        document = self.find("t1")
        self.assertEqual(document.state, "ignored")
        self.assertIn("Fraud", document.reason)
        self.assertFalse(document.move_ids)

    def test_rejection_by_a_person_is_taken_back_by_an_approver(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        self.decide(self.approver, "t1", "reject", "Fraud")
        document = self.find("t1")
        self.assertTrue(document.was_rejected)
        for role in ("user", "operator", "editor", "admin", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                document.with_user(self.make_user(role)).action_restore("Mistaken")
        self.decide(self.approver, "t1", "restore", "Mistaken")
        self.assert_held("t1", "limit:", category="control")
        self.assertIn("document.restored", document.log_ids.mapped("event"))
        self.decide(self.approver, "t1", "approve")
        self.assertEqual(self.state("t1"), "posted")

    def test_document_rejected_by_closing_its_case_comes_back_too(self):
        self.play(txn("t1", "payment", "10.00", fees={"odd": "1"}))
        closing = self.env["finance.exception.close"].with_user(self.approver)
        case = self.exception_of("t1")
        closing.create({"exception_ids": case.ids, "reason": "Test"}).action_close()
        self.assertEqual(self.state("t1"), "ignored")
        self.decide(self.approver, "t1", "restore", "Mistaken")
        self.assert_held("t1", "mapping:fee:odd")

    def test_what_a_rule_ignores_is_no_rejection_to_take_back(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "10.00"))
        self.play(settlement("po_9", [txn("t1", "payment", "10.00")]))
        page = self.find("po_9:1", "settlement")
        self.assertEqual(page.state, "ignored")
        for document in (page, self.find("t1")):
            with self.assertRaises(UserError):
                document.with_user(self.approver).action_restore("Mistaken")

    def test_decision_is_about_what_was_shown_only(self):
        self.company.fiscalyear_lock_date = DAY
        self.play(txn("t1", "payment", "10.00"))
        case = self.exception_of("t1")
        asked = case.with_user(self.approver)._ask_verdict("reject")["context"]
        questions = [
            Form(self.env["finance.document.verdict"].with_context(**asked)),
            Form(
                self.env["finance.exception.close"].with_context(
                    default_exception_ids=case.ids
                )
            ),
        ]
        self.play(txn("t2", "payment", "10.00"))
        self.assertEqual(self.exception_of("t2"), case)
        for question, button in zip(
            questions, ("action_decide", "action_close"), strict=True
        ):
            self.assertEqual(question.document_count, 1)
            question.reason = "Too late"
            asked = question.save().with_user(self.approver)
            with self.assertRaisesRegex(UserError, "1 more"):
                getattr(asked, button)()
        self.assertEqual({self.state("t1"), self.state("t2")}, {"held"})

    def test_release_is_of_this_content_a_new_revision_waits_again(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00", revision=1))
        self.find("t1").with_user(self.approver).action_release("Fine")
        self.deliver(txn("t1", "payment", "900.00", revision=2))
        self.drain()
        newest = self.find("t1").sorted("revision")[-1]
        self.assertEqual(newest.state, "held")

    def test_higher_limit_that_was_approved_lets_it_go_on(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        self.add_control(limits=[{"amount": 1000}])
        self.drain()
        self.assertEqual(self.state("t1"), "posted")

    def test_nobody_but_an_approver_releases(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        for role in ("user", "operator", "editor", "admin", "auditor"):
            user = self.make_user(role)
            document = self.find("t1").with_user(user)
            for action in ("action_release", "action_reject"):
                with self.subTest(role, action=action), self.assertRaises(AccessError):
                    getattr(document, action)("Fine")
        self.drain()
        self.assertEqual(self.state("t1"), "held")

    def test_administrator_who_is_an_approver_too_does_not_release(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        both = self.make_user("admin")
        both.group_ids |= self.env.ref("finance_integration.group_approver")
        with self.assertRaises(AccessError):
            self.find("t1").with_user(both).action_release("Fine")

    def test_who_wrote_the_limit_does_not_release(self):
        author = self.make_user("editor")
        author.group_ids |= self.env.ref("finance_integration.group_approver")
        self.add_control(limits=[{"amount": 100}], user=author)
        self.play(txn("t1", "payment", "500.00"))
        document = self.find("t1").with_user(author)
        for bypass in (document, document.sudo(), document.sudo().with_context(su=1)):
            with self.assertRaises(AccessError):
                bypass.action_release("Fine")
        with self.assertRaises(AccessError):
            document.sudo().with_user(SUPERUSER_ID).action_release("Fine")

    def test_closing_the_case_rejects_by_the_same_rule_and_decision(self):
        author = self.make_user("editor")
        author.group_ids |= self.env.ref("finance_integration.group_approver")
        self.add_control(limits=[{"amount": 100}], user=author)
        self.play(txn("t1", "payment", "500.00"))
        document, case = self.find("t1"), self.exception_of("t1")

        def close(user):
            wizards = self.env["finance.exception.close"].with_user(user)
            values = {"exception_ids": case.ids, "reason": "Not ours"}
            wizards.create(values).action_close()

        with self.assertRaises(AccessError):
            close(author)
        close(self.approver)
        self.drain()
        self.assertEqual(document.state, "ignored")
        self.assertEqual(document.decision_ids.verdict, "reject")
        self.assertEqual(document.decision_ids.user_id, self.approver)

    def test_state_and_decisions_cannot_be_written_from_outside(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        document = self.find("t1").with_user(self.approver)
        with self.assertRaises(AccessError):
            document.write({"state": "normalised"})
        with self.assertRaises(AccessError):
            document.exception_id.write({"cause": "duplicate:x"})
        row = {"verdict": "approve", "document_type": "x", "source_id": "t1"}
        with self.assertRaises(UserError):
            self.env["finance.decision"].with_user(self.approver).create(row)
        with self.assertRaises(UserError):
            document.action_not_duplicate("Fine")  # it waits for a release
        document.exception_id.action_try_again()
        self.drain()
        self.assertEqual(self.state("t1"), "held")

    def test_decision_needs_a_reason(self):
        self.add_control(limits=[{"amount": 100}])
        self.play(txn("t1", "payment", "500.00"))
        with self.assertRaises(UserError):
            self.find("t1").with_user(self.approver).action_release("  ")

    def test_control_changes_by_approval_of_somebody_else_only(self):
        version = self.add_control(limits=[{"amount": 100}])
        editor = self.make_user("editor")
        with self.assertRaises(UserError):
            version.limit_ids.with_user(editor).write({"amount": 1000})
        draft = version.control_id.with_user(editor)._draft("More")
        draft.action_submit()
        editor.group_ids |= self.env.ref("finance_integration.group_approver")
        with self.assertRaises(AccessError):
            draft.action_approve()

    def test_limit_altered_around_odoo_stops_everything(self):
        """FAULTS 46."""
        version = self.add_control(limits=[{"amount": 100}])
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("ALTER TABLE finance_control_limit DISABLE TRIGGER USER")
        cr.execute(
            "UPDATE finance_control_limit SET amount = 9999 WHERE id = %s",
            (version.limit_ids.id,),
        )
        cr.execute("ALTER TABLE finance_control_limit ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.play(txn("t1", "payment", "500.00"))
        self.assert_held("t1", "altered:", category="control")


@tagged("post_install", "-at_install")
class Duplicates(ControlCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_system(cls.company, "other")
        cls.invoice = cls.make_invoice("300")

    def pay(self, source_id, amount="100.00", system=None, **fields):
        values = {"invoice_id": self.invoice.name, **fields}
        self.play(txn(source_id, "payment", amount, **values), system=system)

    def test_equal_payment_of_another_source_waits_and_goes_on_by_a_persons_word(self):
        self.add_control(duplicates="hold", window_days=3)
        self.pay("o1", system=self.other)
        self.pay("t1", day="2026-03-12")
        exception = self.assert_held("t1", "duplicate:", category="control")
        self.assertIn("o1", exception.name)
        self.decide(self.make_user("user"), "t1", "distinct", "Second instalment")
        self.assertEqual(self.state("t1"), "posted")
        self.assertIn(
            "document.not_a_duplicate", self.find("t1").log_ids.mapped("event")
        )
        self.assertEqual(self.find("t1").decision_ids.reason, "Second instalment")

    def test_warning_posts_and_is_noted_on_document_and_log(self):
        self.add_control(duplicates="warn", window_days=3)
        self.pay("t1")
        self.pay("t2")
        document = self.find("t2")
        self.assertEqual(document.state, "posted")
        self.assertIn("t1", document.warning)
        self.assertIn("document.warned", document.log_ids.mapped("event"))
        self.assertFalse(self.find("t1").warning)

    def test_what_differs_is_no_duplicate(self):
        self.add_control(duplicates="hold", window_days=3)
        second = self.make_invoice("100")
        self.pay("t1", "10.00")
        self.pay("t2", "10.01")
        self.pay("t3", "10.00", invoice_id=second.name)
        self.pay("t4", "10.00", day="2026-03-14")
        self.play(txn("t5", "payment", "10.00"), txn("t6", "payment", "10.00"))
        for number in range(1, 7):
            self.assertEqual(self.state(f"t{number}"), "posted")

    def test_both_in_one_delivery_the_second_waits(self):
        self.add_control(duplicates="hold", window_days=0)
        self.play(
            txn("t1", "payment", "10.00", invoice_id=self.invoice.name),
            txn("t2", "payment", "10.00", invoice_id=self.invoice.name),
        )
        self.assertEqual(
            sorted([self.state("t1"), self.state("t2")]), ["held", "posted"]
        )

    def test_one_that_was_held_meets_the_duplicate_that_overtook_it(self):
        self.add_control(duplicates="hold", window_days=3)
        late = txn(
            "t1", "payment", "10.00", fees={"odd": "1"}, invoice_id=self.invoice.name
        )
        self.play(late)
        self.assert_held("t1", "mapping:fee:odd")
        self.pay("o1", "10.00", system=self.other)
        self.assertEqual(self.find("o1", system=self.other).state, "posted")
        self.add_mapping(self.system, "fee", "odd", self.account("processing", "fee"))
        self.drain()
        self.assert_held("t1", "duplicate:", category="control")

    def test_likeness_is_taken_where_somebody_looks_for_duplicates_only(self):
        taken = self.env["finance.likeness"]
        self.pay("t1", "10.00")
        self.assertFalse(taken.search([("company_id", "=", self.company.id)]))
        self.add_control(duplicates="hold", window_days=3)
        self.pay("o1", "20.00", system=self.other)
        found = taken.search([("company_id", "=", self.company.id)])
        document = self.find("o1", system=self.other)
        self.assertEqual(found.mapped("likeness"), [document.likeness])

    def test_auditor_and_machine_do_not_say_that_it_is_none(self):
        self.add_control(duplicates="hold", window_days=3)
        self.pay("t1")
        self.pay("t2")
        for user in (self.make_user("auditor"), self.env.ref("base.user_root")):
            with self.assertRaises(AccessError):
                self.find("t2").with_user(user).action_not_duplicate("Fine")
