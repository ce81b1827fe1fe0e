"""What is personal is masked for everybody; who has the right and a reason sees it,
and that is logged."""

import json

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HubCase, txn
from .test_access import ROLES

NAME, EMAIL, CARD = "Ada Lovelace", "ada@example.org", "4242424242424242"
PRIVATE = (NAME, "ada@", CARD[:12])
REASON = "The customer asked what we know"


class Personal(HubCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.play(
            {
                "type": "customer",
                "source_id": "cus_1",
                "occurred_at": "2026-03-10T10:00:00Z",
                "name": NAME,
                "email": EMAIL,
            }
        )
        cls.document = cls.find("cus_1", kind="customer")
        body = {"id": "evt_9", "charge": {"card_number": CARD, "email": EMAIL}}
        cls.message, _status = cls.store(json.dumps(body).encode(), "evt_9", cls.system)
        cls.plain, _status = cls.store(NAME.encode(), "evt_10", cls.system)
        cls.env.flush_all()

    def as_user(self, role, record):
        user = self.make_user(role)
        user.group_ids |= self.env.ref("base.group_allow_export")
        return record.with_user(user)

    def assert_refused(self, attempt):
        """Refused for the person, or impossible for everybody."""
        try:
            told = attempt()
        except (AccessError, NotImplementedError, UserError, ValueError):
            return
        self.fail(f"It was told: {told}")

    def assert_masked(self, told):
        for private in PRIVATE:
            self.assertNotIn(private, str(told))


@tagged("post_install", "-at_install")
class Masked(Personal):
    def test_no_role_reads_or_exports_what_is_personal(self):
        for role in (*ROLES, "revealer"):
            with self.subTest(role):
                for record in (self.document, self.message, self.plain):
                    seen = self.as_user(role, record)
                    self.assert_masked(seen.read())
                    self.assert_masked(seen.search_read([("id", "=", seen.id)]))
                seen = self.as_user(role, self.document)
                self.assert_masked(seen.export_data(["detail_html"]))

    def test_operators_see_what_travelled_masked(self):
        seen = self.as_user("operator", self.message)
        told = seen.export_data(["identity", "content"])["datas"]
        self.assertIn("evt_9", str(told))
        self.assertIn("•••4242", str(told))
        self.assert_masked(told)
        self.assert_masked(self.as_user("operator", self.plain).content)

    def test_closed_columns_are_closed_by_every_way(self):
        for role in ("admin", "auditor", "revealer"):
            for record, name in (
                (self.document, "content"),
                (self.document, "sealed"),
                (self.message, "payload"),
            ):
                seen = self.as_user(role, record)
                for attempt in (
                    lambda seen=seen, name=name: seen.read([name]),
                    lambda seen=seen, name=name: seen.export_data([name]),
                    lambda seen=seen, name=name: seen.search([(name, "=like", "%A%")]),
                    lambda seen=seen, name=name: seen.search([(name, "ilike", "Ada")]),
                    lambda seen=seen, name=name: seen.search([], order=name),
                    lambda seen=seen, name=name: seen._read_group([], [name]),
                    lambda seen=seen, name=name: seen.formatted_read_group([], [name]),
                    lambda seen=seen, name=name: seen.web_read({name: {}}),
                    lambda seen=seen, name=name: seen.filtered_domain(
                        [(name, "!=", False)]
                    ),
                    lambda seen=seen, name=name: seen.mapped(name),
                ):
                    with self.subTest(role=role, name=name):
                        self.assert_refused(attempt)

    def test_no_related_record_leads_to_a_closed_column(self):
        logs = self.env["finance.log"].with_user(self.make_user("auditor"))
        log = logs.search([("document_id", "=", self.document.id)], limit=1)
        for path in ("document_id.content", "message_id.payload"):
            for attempt in (
                lambda path=path: logs.search([(path, "like", "Ada")]),
                lambda path=path: logs._read_group([], [path]),
                lambda path=path: log.mapped(path),
                lambda path=path: log.export_data([path.replace(".", "/")]),
            ):
                with self.subTest(path):
                    self.assert_refused(attempt)

    @mute_logger("odoo.fields", "odoo.models")
    def test_what_travelled_cannot_be_searched(self):
        seen = self.as_user("operator", self.env["finance.message"])
        for attempt in (
            lambda: seen.search([("content", "=like", "%Ada%")]),
            lambda: seen.search([], order="content"),
            lambda: seen._read_group([], ["content"]),
        ):
            self.assert_refused(attempt)

    def test_nothing_personal_is_stored_in_the_clear(self):
        for table in ("finance_document", "finance_message"):
            self.env.cr.execute(f"SELECT row_to_json(each)::text FROM {table} each")
            self.assert_masked(self.env.cr.fetchall())
        self.assertEqual(self.document._plain().email, EMAIL)

    def test_a_hidden_description_is_hidden_in_its_column_too(self):
        self.env["finance.masking.rule"].create({"field": "description"})
        self.play(txn("t1", "payment", "1.00", description=f"Paid by {NAME}"))
        document = self.find("t1")
        self.assert_masked(document.description)
        self.assertIn(NAME, document._plain().description)

    def test_the_engine_still_knows_the_whole_document(self):
        self.assertEqual(self.document._plain().name, NAME)
        self.assertEqual(self.document._plain().digest(), self.document.digest)


@tagged("post_install", "-at_install")
class Rules(Personal):
    def rule(self, field, **values):
        return self.env["finance.masking.rule"].create({"field": field, **values})

    def test_a_rule_of_one_system_or_class_masks_there_only(self):
        masker = self.system._masker
        self.rule("hobby", system_id=self.system.id)
        self.rule("salary", data_class="secret")
        other = self.make_system(self.company, "other")
        self.assertTrue(masker().hides("hobby") and not other._masker().hides("hobby"))
        self.assertFalse(masker().hides("salary"))
        self.system.data_class = "secret"
        self.assertTrue(masker().hides("salary"))

    def test_what_the_books_need_cannot_be_hidden(self):
        for field in (
            "*",
            "net",
            "a*",
            "NET",
            "*_id",
            ".",
            " ",
            "transactions.net",
            "lines.*",
        ):
            with self.subTest(field), self.assertRaises(ValidationError):
                self.rule(field)

    def test_every_change_of_a_rule_is_logged(self):
        rule = self.rule("hobby")
        rule.active = False
        rule.unlink()
        events = self.env["finance.log"].search([("detail", "like", "hobby:%")])
        self.assertEqual(
            events.sorted("id").mapped("event"),
            ["masking.added", "masking.changed", "masking.removed"],
        )

    def test_administrator_alone_weakens_no_rule(self):
        admin, approver = self.make_user("admin"), self.make_user("approver")
        rule = self.rule("hobby").with_user(admin)
        for attempt in (
            lambda: rule.write({"active": False}),
            lambda: rule.sudo().write({"how": "last_four"}),
            lambda: rule.sudo().unlink(),
            rule.action_drop,
        ):
            with self.assertRaises(AccessError):
                attempt()
        with self.assertRaises(UserError):
            rule.with_user(approver).action_drop()
        rule.action_ask_to_drop()
        self.assertTrue(rule.active)
        rule.with_user(approver).action_drop()
        self.assertFalse(rule.active)

    def test_a_rule_that_is_added_shows_no_more_than_before(self):
        self.rule("hobby")
        self.rule("hobby", how="last_four", sequence=0)
        told = self.system._masker().mask({"hobby": "painting ships"})
        self.assertNotIn("hips", str(told))

    def test_administrators_alone_change_rules(self):
        rule = self.rule("hobby")
        for role in {*ROLES, "revealer"} - {"admin"}:
            seen = self.as_user(role, rule)
            for attempt in (
                lambda seen=seen: seen.write({"active": False}),
                lambda seen=seen: seen.unlink(),
                lambda seen=seen: seen.create({"field": "x"}),
            ):
                with self.subTest(role), self.assertRaises(AccessError):
                    attempt()


@tagged("post_install", "-at_install")
class Revealed(Personal):
    def reveal(self, role, record, **values):
        name = f"{record._name.rpartition('.')[2]}_id"
        reveals = self.env["finance.reveal"].with_user(self.make_user(role))
        return reveals.create({name: record.id, "reason": REASON, **values})

    def test_who_has_the_right_sees_all_and_is_logged(self):
        for role in ("revealer", "auditor"):
            for record, private in (
                (self.document, NAME),
                (self.message, CARD),
                (self.plain, NAME),
            ):
                reveal = self.reveal(role, record)
                self.assertIn(private, reveal.content)
                reveal.invalidate_recordset()
                on_screen = reveal.with_context(bin_size=True)
                [told] = on_screen.web_read({"content": {}})
                self.assertIn(private, told["content"])
                kind = record._name.rpartition(".")[2]
                logged = self.env["finance.log"].search(
                    [
                        ("event", "=", f"{kind}.revealed"),
                        (f"{kind}_id", "=", record.id),
                        ("user_id", "=", reveal.create_uid.id),
                    ]
                )
                self.assertEqual(logged.detail, REASON)

    def test_everybody_else_is_refused(self):
        for role in set(ROLES) - {"auditor"}:
            with self.subTest(role), self.assertRaises(AccessError):
                self.reveal(role, self.document)

    def test_without_a_reason_nothing_is_shown(self):
        for reason in ("", " ", "x", "     "):
            with self.subTest(reason), self.assertRaises(UserError):
                self.reveal("auditor", self.document, reason=reason)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.reveal("auditor", self.document, reason=False)

    def test_nobody_reveals_for_another_company(self):
        elsewhere = self.make_company("Elsewhere")
        user = self.make_user("auditor", companies=elsewhere)
        with self.assertRaises(AccessError):
            self.env["finance.reveal"].with_user(user).create(
                {"document_id": self.document.id, "reason": REASON}
            )

    def test_a_form_that_is_not_saved_shows_nothing(self):
        user = self.make_user("auditor")
        reveals = self.env["finance.reveal"].with_user(user)
        values = {"document_id": self.document.id, "reason": REASON}
        self.assertFalse(reveals.new(values).content)
        told = reveals.onchange(
            values, ["document_id"], {"content": {}, "document_id": {}, "reason": {}}
        )
        self.assert_masked(told)
        saved = reveals.create({"message_id": self.plain.id, "reason": REASON})
        told = saved.onchange(
            values, ["document_id"], {"content": {}, "document_id": {}, "reason": {}}
        )
        self.assert_masked(told)

    def test_a_reveal_is_not_turned_to_another_record_nor_lent(self):
        reveal = self.reveal("auditor", self.document)
        with self.assertRaises(AccessError):
            reveal.write({"document_id": False, "message_id": self.message.id})
        other = reveal.with_user(self.make_user("auditor"))
        with self.assertRaises(AccessError):
            other.read(["content"])

    def test_what_was_revealed_is_not_stored(self):
        self.reveal("auditor", self.document).read()
        self.env.flush_all()
        self.env.cr.execute("SELECT row_to_json(each)::text FROM finance_reveal each")
        self.assert_masked(self.env.cr.fetchall())
