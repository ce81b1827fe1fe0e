"""Nobody changes what the numbers mean without somebody else's approval."""

from datetime import date

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .common import HubCase, txn


class GovernedCase(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = cls.make_user("editor")
        cls.approver = cls.make_user("approver")
        cls.cost = cls.account("processing", "fee")

    @classmethod
    def proposal(cls, key="mystery", **values):
        """A submitted version of the fees by the editor."""
        version = cls.propose(cls.system, "fee", key, cls.cost, user=cls.editor)
        if values:
            version.action_withdraw()
            version.write(values)
            version.action_submit()
        return version.with_env(cls.env)

    @classmethod
    def in_force(cls, code="fee"):
        return cls.env["finance.mapping"]._current_version(cls.system, code)

    def both(self, *roles):
        user = self.make_user(roles[0])
        for role in roles[1:]:
            user.group_ids += self.env.ref(f"finance_integration.group_{role}")
        return user

    def assert_refused(self, attempts):
        """Every attempt (name: callable) raises and changes nothing."""
        for name, attempt in attempts.items():
            with self.subTest(name), self.assertRaises(UserError):
                with self.env.cr.savepoint():
                    attempt()


@tagged("post_install", "-at_install")
class Cycle(GovernedCase):
    def test_what_is_submitted_means_nothing_until_it_is_approved(self):
        version = self.proposal()
        self.play(txn("t1", "payment", "10.00", fees={"mystery": "0.50"}))
        exception = self.assert_held("t1", "mapping:fee:mystery")
        version.with_user(self.approver).action_approve()
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(version.approved_by_id, self.approver)
        self.assertEqual(version.author_ids, self.editor)

    def test_approval_is_in_the_log_with_the_hash_of_the_content(self):
        version = self.proposal()
        self.approve(version)
        entry = self.env["finance.log"].search([("event", "=", "version.approved")])
        self.assertIn(version.content_hash, entry[0].detail)
        self.assertEqual(entry[0].system_id, self.system)

    def test_next_version_supersedes_the_one_before(self):
        before = self.in_force()
        after = self.proposal()
        self.approve(after)
        self.assertEqual((before.state, after.state), ("superseded", "approved"))
        self.assertEqual(after.number, before.number + 1)

    def test_dated_version_ends_the_one_before_on_the_day_before(self):
        """Each document is translated by the version of its own day."""
        before = self.in_force()
        after = self.proposal(valid_from=date(2026, 3, 10))
        self.approve(after)
        self.assertEqual(
            (before.state, before.valid_to), ("approved", date(2026, 3, 9))
        )
        for day in ("2026-03-09", "2026-03-10"):
            fees = {"mystery": "0.50"}
            self.play(txn(f"t{day}", "payment", "10.00", fees=fees, day=day))
        self.assert_held("t2026-03-09", "mapping:fee:mystery")
        used = self.find("t2026-03-10").mapping_version_ids
        self.assertIn(after, used)

    def test_rejection_says_why_and_is_final(self):
        version = self.proposal().with_user(self.approver)
        self.assert_refused({"no reason": lambda: version.action_reject(" ")})
        wizard = self.env["finance.version.rejection"].with_user(self.approver)
        wizard.create(
            {
                "res_model": version._name,
                "res_id": version.id,
                "reason": "Wrong one",
            }
        ).action_reject()
        self.assertEqual(version.state, "rejected")
        self.assertEqual(version.decision_reason, "Wrong one")
        self.assert_refused(
            {
                "approve": version.action_approve,
                "submit": version.with_user(self.editor).action_submit,
                "withdraw": version.with_user(self.editor).action_withdraw,
            }
        )
        self.assertEqual(self.in_force().state, "approved")

    def test_proposal_says_why(self):
        draft = self.in_force().mapping_id.with_user(self.editor)._draft("")
        self.assert_refused({"no reason": draft.action_submit})

    def test_one_version_at_a_time_is_written(self):
        """Two approved side by side would each lose the other's lines."""
        version = self.proposal()
        mapping = version.mapping_id.with_user(self.editor)
        self.assert_refused({"another": mapping.action_new_version})
        version.with_user(self.editor).action_withdraw()
        self.assertEqual(mapping._draft("again"), version)

    def test_exception_leads_to_a_line_in_the_draft(self):
        self.play(txn("t1", "payment", "10.00", fees={"mystery": "0.50"}))
        exception = self.find("t1").exception_id
        context = self.press(exception, "add_mapping", self.editor)["context"]
        draft = self.env["finance.mapping.version"].browse(
            context["default_version_id"]
        )
        self.assertEqual((draft.state, context["default_key"]), ("draft", "mystery"))
        rules = self.env(user=self.editor, context=context)["finance.mapping.rule"]
        rule = rules.create({"target": f"account.account,{self.cost.id}"})
        rule.action_submit()
        self.approve(draft)
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")

    def test_missing_posting_rule_is_proposed_approved_and_what_waited_goes_on(self):
        self.play(txn("t1", "never_seen", "10.00"))
        exception = self.assert_held("t1", "rule:balance_transaction/never_seen")
        rule = (
            self.env["finance.posting.rule"]
            .with_user(self.editor)
            .create(
                {
                    "name": "Never seen",
                    "document_type": "balance_transaction",
                    "system_id": self.system.id,
                    "version_ids": [
                        Command.create(
                            {
                                "change_reason": "It is real",
                                "categories": "never_seen",
                                "outcome": "ignore",
                                "reason": "Only a notice.",
                            }
                        )
                    ],
                }
            )
        )
        rule.version_ids.action_submit()
        self.approve(rule.version_ids)
        self.drain()
        self.assertEqual(self.find("t1").state, "ignored")
        self.assertEqual(exception.state, "resolved")

    def test_shipped_rules_are_approved_by_their_installation(self):
        shipped = self.env.ref("finance_integration.rule_payment_v1")
        self.assertEqual((shipped.state, shipped.number), ("approved", 1))
        self.assertEqual(shipped.approved_by_id.id, SUPERUSER_ID)
        self.assertEqual(shipped.content_hash, shipped._digest())

    def test_prepared_books_wait_for_an_approver(self):
        system = self.env["finance.system"].create(
            {
                "name": "Fresh",
                "code": "fresh",
                "connector": "demo",
                "company_id": self.company.id,
            }
        )
        system.action_prepare_books()
        states = set(system.mapping_ids.version_ids.mapped("state"))
        self.assertEqual(states, {"draft", "submitted"})  # draft: those without a line
        self.play(txn("t1", "payment", "10.00"), system=system)
        self.assertEqual(self.find("t1", system=system).state, "held")
        waiting = system.mapping_ids.version_ids.filtered("submitted_at")
        self.approve(waiting)
        self.drain(system)
        self.assertEqual(self.find("t1", system=system).state, "posted")


@tagged("post_install", "-at_install")
class Approval(GovernedCase):
    """FAULTS 45: who may not approve, whatever the way in."""

    def test_author_does_not_approve_what_he_wrote(self):
        version = self.proposal()
        self.editor.group_ids += self.env.ref("finance_integration.group_approver")
        self.assert_not_approved_by(self.editor, version)
        self.assertNotEqual(self.in_force(), version)

    def test_everybody_who_wrote_a_line_is_an_author(self):
        for name in ("added and removed", "changed", "submitted only", "dates only"):
            with self.subTest(name), self.env.cr.savepoint() as kept:
                second = self.both("editor", "approver")
                version = self.proposal()
                version.with_user(self.editor).action_withdraw()
                mine = version.with_user(second)
                if name == "added and removed":
                    self.line(mine, "gone").unlink()
                if name == "changed":
                    mine.rule_ids[-1].key = "changed"
                if name == "dates only":
                    mine.valid_from = date(2026, 1, 1)
                submitter = second if name == "submitted only" else self.editor
                version.with_user(submitter).action_submit()
                self.assert_not_approved_by(second, version)
                kept.rollback()

    def test_copy_of_what_was_rejected_keeps_its_authors(self):
        version = self.proposal()
        version.with_user(self.approver).action_reject("No")
        self.editor.group_ids += self.env.ref("finance_integration.group_approver")
        other = self.make_user("editor")
        copy = version.with_user(other).copy({"change_reason": "Once more"})
        copy.action_submit()
        self.assert_not_approved_by(self.editor, copy)

    def test_only_an_approver_who_is_no_administrator_decides(self):
        version = self.proposal()
        self.assert_not_approved_by(self.env.ref("base.user_root"), version)
        self.assert_not_approved_by(self.env.ref("base.user_admin"), version)
        self.assert_not_approved_by(self.both("admin", "approver"), version)
        for role in ("user", "operator", "editor", "admin", "auditor"):
            self.assert_not_approved_by(self.make_user(role), version)

    def test_approver_of_another_company_does_not_decide(self):
        stranger = self.make_user("approver", self.make_company("Stranger"))
        version = self.proposal().with_user(stranger)
        self.assert_refused(
            {"approve": version.action_approve, "sudo": version.sudo().action_approve}
        )

    def test_approver_approves_what_he_has_seen(self):
        """The content is swapped between the look and the click."""
        version = self.proposal()
        seen = version.content_hash
        version.with_user(self.editor).action_withdraw()
        version.with_user(self.editor).rule_ids[-1].key = "swapped"
        version.with_user(self.editor).action_submit()
        mine = version.with_user(self.approver).with_context(seen_hash=seen)
        self.assert_refused({"stale": mine.action_approve})

    def test_approval_repeated_changes_nothing(self):
        first = self.proposal()
        self.approve(first)
        second = self.proposal("another")
        self.approve(second)
        second.with_user(self.approver).action_approve()
        self.assertEqual((first.state, second.state), ("superseded", "approved"))
        again = first.with_user(self.approver)
        self.assert_refused({"superseded": again.action_approve})
        self.assertEqual(second.state, "approved")

    def test_approver_changes_no_content(self):
        draft = self.in_force().mapping_id._draft("x").with_user(self.approver)
        self.assert_refused(
            {
                "write": lambda: draft.write({"change_reason": "mine"}),
                "line": lambda: self.line(draft, "x"),
                "submit": draft.action_submit,
            }
        )

    def test_installation_alone_approves_what_it_ships(self):
        versions = self.env["finance.posting.rule.version"]
        attempts = {
            str(user.id): lambda user=user: versions.with_user(user)._approve_shipped(
                "x"
            )
            for user in (self.approver, self.env.ref("base.user_root"))
        }
        self.assert_refused(attempts)

    def assert_not_approved_by(self, user, version):
        for mine in (version.with_user(user), version.with_user(user).sudo()):
            context = {"approved": True, "install_mode": True, "su": True}
            self.assert_refused(
                {
                    f"{user.name}": mine.action_approve,
                    f"{user.name} context": mine.with_context(**context).action_approve,
                    f"{user.name} reject": lambda mine=mine: mine.action_reject("x"),
                }
            )
        self.assertEqual(version.state, "submitted")

    def line(self, version, key):
        return version.rule_ids.create(
            {
                "version_id": version.id,
                "key": key,
                "target": f"account.account,{self.cost.id}",
            }
        )


@tagged("post_install", "-at_install")
class WaysAround(GovernedCase):
    """FAULTS 45, 46: every way in but the cycle's own actions is refused."""

    def people(self, record):
        """The record as an editor, as one who is everything, and as the superuser."""
        everything = self.both("editor", "approver", "operator")
        yield "editor", record.with_user(self.editor)
        yield "editor sudo", record.with_user(self.editor).sudo()
        yield "both", record.with_user(everything)
        yield "superuser", record.with_user(SUPERUSER_ID)

    def test_state_is_not_written(self):
        version = self.proposal()
        values = {
            "state": "approved",
            "approved_by_id": self.approver.id,
            "content_hash": "0" * 64,
            "author_ids": [Command.clear()],
            "number": 99,
        }
        for name, mine in self.people(version):
            for field, value in values.items():
                mapping = mine.mapping_id
                command = Command.update(version.id, {field: value})
                self.assert_refused(
                    {
                        f"{name} {field}": lambda m=mine, v={field: value}: m.write(v),
                        f"{name} {field} by its mapping": lambda m=mapping, c=command: (
                            m.write({"version_ids": [c]})
                        ),
                    }
                )

    def test_version_does_not_begin_approved(self):
        mapping = self.in_force().mapping_id
        for name, mine in self.people(mapping):
            vals = {"state": "approved", "change_reason": "x"}
            nested = {"version_ids": [Command.create(vals)]}
            whole = {**vals, "mapping_id": mapping.id}
            versions = mine.version_ids
            self.assert_refused(
                {
                    f"{name} create": lambda v=versions, w=whole: v.create(w),
                    f"{name} nested": lambda m=mine, n=nested: m.write(n),
                    f"{name} copy": lambda m=mine: m.version_ids[0].copy(
                        {"state": "approved"}
                    ),
                }
            )

    def test_defaults_in_the_context_make_no_approved_version(self):
        context = {
            "default_state": "approved",
            "default_approved_by_id": self.approver.id,
            "default_author_ids": [],
            "default_content_hash": "0" * 64,
        }
        mapping = self.in_force().mapping_id.with_user(self.editor)
        draft = mapping.with_context(**context)._draft("x")
        self.assertEqual(draft.state, "draft")
        self.assertFalse(draft.approved_by_id or draft.content_hash)
        self.assertEqual(draft.author_ids, self.editor)

    def test_import_approves_nothing(self):
        version = self.proposal()
        versions = version.with_user(self.editor)
        rows = [[str(version.id), "Approved"]]
        result = versions.load([".id", "state"], rows)
        self.assertFalse(result["ids"])
        self.env.invalidate_all()
        self.assertEqual(version.state, "submitted")

    def test_import_changes_no_line_that_was_approved(self):
        rule = self.in_force().rule_ids[0]
        rules = rule.with_user(self.editor)
        result = rules.load([".id", "key"], [[str(rule.id), "imported"]])
        self.assertFalse(result["ids"])
        self.env.invalidate_all()
        self.assertNotEqual(rule.key, "imported")

    def test_private_steps_are_not_called_by_rpc(self):
        version = self.proposal()
        for name in ("_step", "_record", "_approve_shipped", "_note_authors", "_end"):
            with self.subTest(name), self.assertRaises(AccessError):
                get_public_method(version, name)

    def test_content_that_left_its_draft_stays(self):
        """FAULTS 46."""
        submitted = self.proposal()
        approved = self.in_force("account")
        draft = self.in_force("journal").mapping_id._draft("x")
        for version in (submitted, approved):
            for name, mine in self.people(version):
                self.assert_refused(self.content_changes(name, mine, draft))

    def content_changes(self, name, version, draft):
        line = version.rule_ids[0]
        vals = {"key": "x", "target": f"account.account,{self.cost.id}"}
        other = draft.mapping_id.id
        return {
            f"{name} key": lambda: line.write({"key": "x|y"}),
            f"{name} target": lambda: line.write({"target": vals["target"]}),
            f"{name} order": lambda: line.write({"sequence": 1}),
            f"{name} delete": line.unlink,
            f"{name} add": lambda: line.create({**vals, "version_id": version.id}),
            f"{name} move out": lambda: line.write({"version_id": draft.id}),
            f"{name} move in": lambda: (
                draft.with_env(version.env)
                .rule_ids[0]
                .write({"version_id": version.id})
            ),
            f"{name} nested": lambda: version.write({"rule_ids": [Command.clear()]}),
            f"{name} dates": lambda: version.write({"valid_from": "2026-01-01"}),
            f"{name} reason": lambda: version.write({"change_reason": "other"}),
            f"{name} mapping": lambda: version.write({"mapping_id": other}),
            f"{name} delete all": version.unlink,
            f"{name} preset": lambda: line.with_context(
                default_version_id=version.id
            ).create(vals),
        }

    def test_what_a_mapping_is_stays_once_a_version_was_submitted(self):
        """FAULTS 46: the code posting rules know it by, and what its lines mean."""
        mapping = self.in_force().mapping_id
        for name, mine in self.people(mapping):
            for field, value in {
                "code": "other",
                "dimensions": "a|b",
                "target_model": "res.partner",
                "system_id": self.system.id,
            }.items():
                attempt = {
                    f"{name} {field}": lambda m=mine, v={field: value}: m.write(v)
                }
                self.assert_refused(attempt)
        mapping.with_user(self.editor).name = "A better name"

    def test_what_a_posting_rule_is_stays_once_a_version_was_submitted(self):
        """FAULTS 46: also its place among the others."""
        rule = self.env.ref("finance_integration.rule_payment")
        for name, mine in self.people(rule):
            for field, value in {
                "document_type": "refund",
                "sequence": 1,
                "system_id": self.system.id,
            }.items():
                attempt = {
                    f"{name} {field}": lambda m=mine, v={field: value}: m.write(v)
                }
                self.assert_refused(attempt)
            line = mine.version_ids.line_ids[0]
            self.assert_refused(
                {
                    f"{name} line": lambda m=line: m.write({"key": "other"}),
                    f"{name} version": lambda m=mine.version_ids: m.write(
                        {"categories": "refund"}
                    ),
                }
            )
