"""Lists, ranges and patterns translate documents; what cannot work is not submitted."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import DAY
from .test_governance import GovernedCase


def entry(source_id, account, *, day=DAY, amount="5.00"):
    """An entry of another system, on an account in its words and on ``bank``."""
    return {
        "type": "journal_entry",
        "source_id": source_id,
        "occurred_at": f"{day}T10:00:00Z",
        "currency": "EUR",
        "date": day,
        "correlation_id": source_id,
        "lines": [
            {"account": account, "debit": amount},
            {"account": "bank", "credit": amount},
        ],
    }


class MappingCase(GovernedCase):
    """General ledger accounts of another system; the editor writes their mapping."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mapping = cls.env["finance.mapping"]._find(cls.system, "ledger")
        cls.mapping = mapping.with_user(cls.editor)
        cls.other = cls.account("tax", "fee")
        cls.bank = cls.account("clearing|EUR")

    def draft(self, *lines):
        """The draft with more lines: (value, account)."""
        version = self.mapping._draft("For a test")
        self.env["finance.mapping.rule"].with_user(self.editor).create(
            [
                {
                    "version_id": version.id,
                    "sequence": 100 + place,
                    "key": key,
                    "target": f"{target._name},{target.id}",
                }
                for place, (key, target) in enumerate(lines)
            ]
        )
        return version

    def put_in_force(self, *lines):
        version = self.draft(*lines)
        version.action_submit()
        self.approve(version.with_env(self.env))
        return version


@tagged("post_install", "-at_install")
class Rules(MappingCase):
    def account_of(self, value):
        self.play(entry(f"e{value}", value))
        move = self.find(f"e{value}", "journal_entry").move_ids
        return move.line_ids.filtered("debit").account_id

    def test_every_kind_of_line_translates(self):
        self.put_in_force(
            ("bank", self.bank),
            ("4010,4020", self.other),
            ("5000..5999", self.other),
            ("S*", self.other),
            ("*", self.cost),
        )
        accounts = [self.account_of(each) for each in ("4020", "05010", "S1", "6000")]
        self.assertEqual(accounts, [self.other] * 3 + [self.cost])

    def test_value_with_signs_that_mean_something_is_mapped_literally(self):
        """The line an exception proposes stands for that value alone."""
        self.play(entry("e1", "a,b*|c"))
        exception = self.find("e1", "journal_entry").exception_id
        action = self.press(exception, "add_mapping", self.editor)
        key = action["context"]["default_key"]
        version = self.put_in_force((key, self.other), ("bank", self.bank))
        self.assertIsNone(version._plain().find(("a",)))
        self.drain()
        self.assertEqual(self.find("e1", "journal_entry").state, "posted")

    def test_unreadable_value_is_refused_with_the_reason(self):
        for key, why in (("9..1", "begins"), ("a,,b", "empty"), ("1..", "range")):
            with self.subTest(key), self.assertRaisesRegex(ValidationError, why):
                with self.env.cr.savepoint():
                    self.draft((key, self.cost))


@tagged("post_install", "-at_install")
class Findings(MappingCase):
    def test_contradicting_and_unreachable_lines_are_not_submitted(self):
        for lines, words in (
            ([("x,y", self.cost), ("y,x", self.other)], "different things"),
            ([("1..9", self.cost), ("2..3", self.other)], "never used"),
        ):
            with self.subTest(words), self.env.cr.savepoint() as kept:
                version = self.draft(*lines)
                self.assertIn(words, version.finding_html)
                with self.assertRaisesRegex(UserError, words):
                    version.action_submit()
                self.assertEqual(version.state, "draft")
                kept.rollback()

    def test_overlaps_and_gaps_are_told_and_may_be_submitted(self):
        self.play(entry("e1", "mystery"))
        version = self.draft(
            ("1..5", self.cost), ("3..9", self.other), ("20..30", self.cost)
        )
        for words in (
            "share values",
            "between 9 and 20",
            "mystery",
            "all other values",
        ):
            self.assertIn(words, version.finding_html)
        version.action_submit()
        self.assertEqual(version.state, "submitted")

    def test_what_was_agreed_is_not_looked_at_again(self):
        self.assertFalse(self.in_force().finding_html)
