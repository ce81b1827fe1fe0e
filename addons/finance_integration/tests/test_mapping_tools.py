"""Trying values, files of lines, values nothing maps, and suggestions."""

import base64
import io

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .. import mapping_file
from .common import txn
from .test_mapping_rules import MappingCase, entry

CELLS = st.text(st.sampled_from("ab'=+-@,;|\"\\ \t1*."), min_size=1, max_size=6)


@tagged("post_install", "-at_install")
class Tester(MappingCase):
    def answer(self, version, *values):
        test = self.env["finance.mapping.test"].with_user(self.editor)._start(version)
        for line, value in zip(test.value_ids, values, strict=True):
            line.value = value
        return test

    def test_it_says_which_line_applies_and_why_the_others_lose(self):
        version = self.draft(
            ("40*", self.cost), ("4*", self.other), ("4010,4011", self.other)
        )
        rows = self.answer(version, "4010")._rows()
        self.assertEqual(
            [(row["line"].key, row["why"].partition(":")[0]) for row in rows],
            [("4010,4011", "applies"), ("40*", "loses"), ("4*", "loses")],
        )
        self.assertIn("less specific", rows[1]["why"])
        answer = self.answer(version, "4010").answer_html
        self.assertIn(self.other.name, answer)

    def test_it_says_that_nothing_fits(self):
        answer = self.answer(self.draft(("4*", self.cost)), "5").answer_html
        self.assertIn("No line fits", answer)

    def test_every_dimension_has_a_value_of_its_own(self):
        version = self.in_force("account").with_user(self.editor)
        test = self.answer(version, "clearing", "EUR")
        self.assertEqual(test.value_ids.mapped("dimension"), ["role", "currency"])
        self.assertEqual(test._rows()[0]["line"].key, "clearing|EUR")


@tagged("post_install", "-at_install")
class Files(MappingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.code = cls.cost.with_company(cls.company).code

    def upload(self, version, content):
        wizard = self.env["finance.mapping.import"].with_user(self.editor)
        wizard = wizard.create(
            {"version_id": version.id, "file": base64.b64encode(content)}
        )
        wizard.action_import()
        return wizard

    def lines(self, version):
        return [(rule.key, rule.target) for rule in version.rule_ids]

    def test_what_is_exported_imports_as_it_was(self):
        version = self.draft(
            ("4010,4020", self.cost),
            ("-1..5", self.other),
            ("=cmd", self.cost),
            ("'x", self.other),
            (r"a\|b", self.cost),
            ("*", self.other),
        )
        before = self.lines(version)
        for write in (mapping_file.write_csv, mapping_file.write_xlsx):
            content = write(version._file_rows())
            version.rule_ids.unlink()
            self.assertFalse(self.upload(version, content).errors)
            self.assertEqual(self.lines(version), before)

    def test_any_kind_of_target_survives_the_round_trip(self):
        for code in ("account", "journal", "fee"):
            version = self.in_force(code).mapping_id.with_user(self.editor)._draft("x")
            before = self.lines(version)
            self.upload(version, mapping_file.write_csv(version._file_rows()))
            self.assertEqual(self.lines(version), before)

    def test_all_wrong_rows_are_told_and_nothing_is_imported(self):
        version = self.draft(("kept", self.cost))
        rows = [
            ["account", "Stands for"],
            ["9..1", f"code:{self.code}"],
            ["ok", self.code],
            ["b", "code:nowhere"],
            ["c", ""],
            ["same", self.code],
            ["same", self.code],
            ["e|f", self.code],
        ]
        errors = self.upload(version, mapping_file.write_csv(rows)).errors
        told = [line.partition(":")[0] for line in errors.splitlines()]
        self.assertEqual(told, [f"Row {number}" for number in (2, 4, 5, 6, 7, 8)])
        self.assertEqual(self.lines(version), [("kept", self.cost)])

    def test_a_record_of_another_company_is_not_imported(self):
        stranger = self.make_company("Stranger")
        journal = self.env["account.account"].search(
            [("company_ids", "in", stranger.ids)], limit=1
        )
        version = self.draft()
        rows = [["account", "Stands for"], ["x", f"id:{journal.id}"]]
        errors = self.upload(version, mapping_file.write_csv(rows)).errors
        self.assertTrue(errors)
        self.assertFalse(version.rule_ids)

    def test_numbers_typed_into_a_sheet_are_the_values_they_show(self):
        book = openpyxl.Workbook()
        book.active.append(["account", "Stands for"])
        book.active.append([4010, self.code])
        book.active.append([4020.0, self.code])
        output = io.BytesIO()
        book.save(output)
        version = self.draft()
        self.upload(version, output.getvalue())
        self.assertEqual(version.rule_ids.mapped("key"), ["4010", "4020"])

    def test_files_that_are_none_are_refused_in_words(self):
        version = self.draft()
        for content in (
            b"PK\x03\x04 broken",
            b"\xff\xfe\x00",
            b"\n",
            b"other;heading\n",
        ):
            with self.subTest(content), self.assertRaises(UserError):
                with self.env.cr.savepoint():
                    self.upload(version, content)

    def test_lines_are_imported_into_drafts_by_editors_only(self):
        content = mapping_file.write_csv([["fee", "Stands for"]])
        with self.assertRaises(UserError):
            self.upload(self.in_force(), content)
        draft = self.draft()
        for role in ("user", "approver", "auditor"):
            wizard = self.env["finance.mapping.import"].with_user(self.make_user(role))
            with self.subTest(role), self.assertRaises(AccessError):
                wizard.create(
                    {"version_id": draft.id, "file": base64.b64encode(content)}
                ).action_import()

    def test_importer_is_an_author(self):
        second = self.both("editor", "approver")
        version = self.draft(("x", self.cost), ("*", self.cost))
        content = mapping_file.write_csv(version._file_rows())
        wizard = self.env["finance.mapping.import"].with_user(second)
        wizard.create(
            {"version_id": version.id, "file": base64.b64encode(content)}
        ).action_import()
        version.action_submit()
        self.assert_refused({"approve": version.with_user(second).action_approve})

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
    def test_no_cell_is_a_formula_and_every_cell_comes_back(self, rows):
        rows = [["account", "Stands for"], *rows]
        for write in (mapping_file.write_csv, mapping_file.write_xlsx):
            content = write(rows)
            self.assertEqual(mapping_file.read(content), rows)
        shown = openpyxl.load_workbook(io.BytesIO(mapping_file.write_xlsx(rows)))
        for row in shown.active.iter_rows():
            for cell in row:
                self.assertNotIn(str(cell.value or "")[:1], tuple("=+-@\t"))


@tagged("post_install", "-at_install")
class Download(MappingCase, HttpCase):
    def test_any_version_is_downloaded_by_who_may_read_it(self):
        user = self.make_user("user", password="a long enough password")
        version = self.in_force("account")
        self.authenticate(user.login, "a long enough password")
        for extension in ("csv", "xlsx"):
            answer = self.url_open(f"/finance/mapping/{version.id}/lines.{extension}")
            self.assertEqual(answer.status_code, 200)
            rows = mapping_file.read(answer.content)
            self.assertEqual(rows[0][:3], ["role", "currency", "Stands for"])
            self.assertEqual(len(rows), len(version.rule_ids) + 1)

    def test_nobody_else_downloads_it(self):
        version = self.in_force("account")
        stranger = self.make_user(
            "user", self.make_company("Stranger"), password="a long enough password"
        )
        self.authenticate(stranger.login, "a long enough password")
        answer = self.url_open(f"/finance/mapping/{version.id}/lines.csv")
        self.assertIn(answer.status_code, (403, 404))


@tagged("post_install", "-at_install")
class Unmapped(MappingCase):
    def unmapped(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        values = self.env["finance.unmapped"].with_user(user or self.editor)
        return values.search([("system_id", "=", self.system.id)])

    def test_values_are_listed_with_what_waits_for_them(self):
        self.play(
            txn("t1", "payment", "10.00", fees={"mystery": "0.50"}),
            txn("t2", "payment", "20.00", fees={"mystery": "0.50"}),
            txn("t3", "payment", "7.00", fees={"mystery": "0.1"}, currency="USD"),
            entry("e1", "a,b"),
        )
        found = {each.value: each for each in self.unmapped()}
        self.assertEqual(set(found), {"mystery", r"a\,b"})
        mystery = found["mystery"]
        self.assertEqual(mystery.document_count, 3)
        self.assertEqual(mystery.amounts, "30.00 EUR, 7.00 USD")
        self.assertEqual(mystery.mapping_id.code, "fee")

    def test_another_company_sees_none(self):
        self.play(entry("e1", "x"))
        stranger = self.make_user("editor", self.make_company("Stranger"))
        self.assertFalse(self.unmapped(stranger))

    def test_one_click_drafts_lines_that_people_complete(self):
        self.play(entry("e1", "4010"), entry("e2", "4020"))
        action = self.unmapped().action_draft()
        draft = self.env[action["res_model"]].browse(action["res_id"])
        draft = draft.with_user(self.editor)
        self.assertEqual(set(draft.rule_ids.mapped("key")), {"4010", "4020"})
        draft.change_reason = "x"
        with self.assertRaisesRegex(UserError, "stands for nothing yet"):
            draft.action_submit()
        self.unmapped().action_draft()
        self.assertEqual(len(draft.rule_ids), 2)  # pressed twice
        for rule in draft.rule_ids:
            rule.target = self.cost
        draft.rule_ids.create(
            {
                "version_id": draft.id,
                "key": "bank",
                "target": f"account.account,{self.bank.id}",
            }
        )
        draft.action_submit()
        self.approve(draft.with_env(self.env))
        self.drain()
        self.assertEqual(self.find("e1", "journal_entry").state, "posted")
        self.assertFalse(self.unmapped())

    def test_only_editors_draft(self):
        self.play(entry("e1", "x"))
        for role in ("user", "approver", "auditor", "operator"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.unmapped(self.make_user(role)).action_draft()

    def test_what_is_like_a_name_is_suggested_and_not_applied(self):
        account = self.env["account.account"].create(
            {
                "name": "Courier services abroad",
                "code": "778899",
                "account_type": "expense",
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        self.play(entry("e1", "courier_services_abroad"), entry("e2", "qqqq"))
        self.unmapped().action_draft()
        draft = self.mapping.version_ids[0]
        like, unlike = draft.rule_ids.sorted(lambda each: each.key == "qqqq")
        self.assertEqual(like.suggested_target, account)
        self.assertIn("% alike", like.suggestion)
        self.assertFalse(like.target)
        self.assertFalse(unlike.suggested_target)
        like.action_take_suggestion()
        self.assertEqual(like.target, account)

    def test_what_another_system_agreed_on_is_suggested_first(self):
        other = self.make_system(self.company, "other")
        self.add_mapping(other, "ledger", "4711", self.cost)
        self.play(entry("e1", "4711"))
        self.unmapped().action_draft()
        rule = self.mapping.version_ids[0].rule_ids
        self.assertEqual(rule.suggested_target, self.cost)
        self.assertIn("Other", rule.suggestion)
