"""What was approved cannot be changed by SQL either, or it is found out."""

import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import txn
from .test_governance import GovernedCase

#: statements on %(approved)s, %(submitted)s (ids of versions), %(user)s
REFUSED = {
    "a line changes": "UPDATE finance_mapping_rule SET key = 'x'"
    " WHERE version_id = %(approved)s",
    "a target changes": "UPDATE finance_mapping_rule SET target = 'account.account,1'"
    " WHERE version_id = %(approved)s",
    "a line goes": "DELETE FROM finance_mapping_rule WHERE version_id = %(approved)s",
    "a line comes": "INSERT INTO finance_mapping_rule (version_id, key, target)"
    " VALUES (%(approved)s, 'x', 'account.account,1')",
    "a submitted line changes": "UPDATE finance_mapping_rule SET key = 'x'"
    " WHERE version_id = %(submitted)s",
    "a line moves": "UPDATE finance_mapping_rule SET version_id = %(submitted)s"
    " WHERE version_id = %(approved)s",
    "a version is a draft again": "UPDATE finance_mapping_version SET state = 'draft'"
    " WHERE id = %(approved)s",
    "a version begins earlier": "UPDATE finance_mapping_version"
    " SET valid_from = '1999-01-01' WHERE id = %(approved)s",
    "another hash": "UPDATE finance_mapping_version SET content_hash = 'x'"
    " WHERE id = %(approved)s",
    "another approver": "UPDATE finance_mapping_version SET approved_by_id = %(user)s"
    " WHERE id = %(approved)s",
    "a version goes": "DELETE FROM finance_mapping_version WHERE id = %(approved)s",
    "a version comes": "INSERT INTO finance_mapping_version (mapping_id, number, state)"
    " SELECT mapping_id, 99, 'approved' FROM finance_mapping_version"
    " WHERE id = %(approved)s",
    "nobody approves": "UPDATE finance_mapping_version SET state = 'approved'"
    " WHERE id = %(submitted)s",
    "the author approves": "UPDATE finance_mapping_version SET state = 'approved',"
    " approved_by_id = %(user)s WHERE id = %(submitted)s",
    "a draft is approved": "UPDATE finance_posting_rule_version SET state = 'approved',"
    " approved_by_id = 2, content_hash = 'x' WHERE id = %(draft)s",
    "an author is forgotten": "DELETE FROM finance_mapping_version_res_users_rel"
    " WHERE version_id = %(submitted)s",
    "an author is exchanged": "UPDATE finance_mapping_version_res_users_rel"
    " SET user_id = 1 WHERE version_id = %(submitted)s",
    "a mapping is known otherwise": "UPDATE finance_mapping SET code = 'x'"
    " WHERE id = (SELECT mapping_id FROM finance_mapping_version"
    " WHERE id = %(approved)s)",
    "a shipped rule changes": "UPDATE finance_posting_rule_line SET key = 'x'",
    "a shipped rule posts nothing": "UPDATE finance_posting_rule_version"
    " SET outcome = 'ignore', reason = 'x' WHERE id <> %(draft)s",
    "a shipped rule goes first": "UPDATE finance_posting_rule SET sequence = 0",
    "all is emptied": "TRUNCATE finance_mapping_rule",
}
ALTERED = {
    "a target": "UPDATE finance_mapping_rule SET target ="
    " (SELECT r.target FROM finance_mapping_rule r WHERE r.key = 'reserve|EUR' LIMIT 1)"
    " WHERE key = 'clearing|EUR' AND version_id = %(approved)s",
    "a line": "DELETE FROM finance_mapping_rule"
    " WHERE key = 'reserve|JPY' AND version_id = %(approved)s",
    "the dates": "UPDATE finance_mapping_version SET valid_from = '2026-01-01'"
    " WHERE id = %(approved)s",
    "a shipped rule": "UPDATE finance_posting_rule_line SET side = 'debit'"
    " WHERE settles = 'invoice'",
    "which rule applies": "UPDATE finance_posting_rule SET document_type = 'refund'"
    " WHERE document_type = 'payout'",
}
TABLES = (
    "finance_mapping",
    "finance_mapping_version",
    "finance_mapping_rule",
    "finance_posting_rule",
    "finance_posting_rule_version",
    "finance_posting_rule_line",
)


@tagged("post_install", "-at_install")
class Database(GovernedCase):
    """FAULTS 45, 46."""

    def setUp(self):
        super().setUp()
        self.approved = self.in_force("account")
        self.submitted = self.proposal()
        rule = self.env["finance.posting.rule"].create(
            {"name": "x", "document_type": "payout"}
        )
        draft = rule._draft("x")
        self.env.flush_all()
        self.arguments = {
            "approved": self.approved.id,
            "submitted": self.submitted.id,
            "draft": draft.id,
            "user": self.editor.id,
        }

    @mute_logger("odoo.sql_db")
    def test_sql_is_refused(self):
        for name, statement in REFUSED.items():
            with self.subTest(name), self.assertRaises(psycopg2.IntegrityError):
                with self.env.cr.savepoint():
                    self.env.cr.execute(statement, self.arguments)

    def test_end_that_was_set_is_not_moved_later(self):
        day = self.submitted
        day.with_user(self.editor).action_withdraw()
        day.with_user(self.editor).valid_from = "2026-06-01"
        day.with_user(self.editor).action_submit()
        self.approve(day)
        ended = day.mapping_id.version_ids.filtered("valid_to")
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                self.env.cr.execute(
                    "UPDATE finance_mapping_version SET valid_to = '2026-06-02'"
                    " WHERE id = %s",
                    (ended.id,),
                )
        self.assertEqual(ended.content_hash, ended._digest())

    def test_what_was_altered_around_the_database_posts_nothing(self):
        """The triggers were switched off: the hash is compared at use."""
        for name, statement in ALTERED.items():
            with self.subTest(name), self.env.cr.savepoint() as kept:
                self.alter(statement)
                self.play(txn("t1", "payment", "10.00"))
                self.assert_held("t1", "altered:", category="control")
                self.assertFalse(self.find("t1").move_ids)
                kept.rollback()
            self.env.registry.clear_cache()
            self.env.invalidate_all()

    def test_altered_mapping_ends_with_the_next_approved_version(self):
        self.alter(ALTERED["the dates"])
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "altered:", category="control")
        mapping = self.approved.mapping_id.with_user(self.editor)
        version = mapping._draft("As it was before it was altered")
        version.action_submit()
        self.approve(version.with_env(self.env))
        self.drain()
        self.assertEqual(self.find("t1").state, "posted")

    def test_end_of_an_altered_version_does_not_hide_it(self):
        self.alter(ALTERED["a target"])
        mapping = self.approved.mapping_id.with_user(self.editor)
        version = mapping._draft("From May on")
        version.valid_from = "2026-05-01"
        version.action_submit()
        self.approve(version.with_env(self.env))
        self.play(txn("t1", "payment", "10.00"))
        self.assert_held("t1", "altered:", category="control")

    def alter(self, statement):
        """Run a statement with the triggers off, as an owner of the tables can."""
        for table in TABLES:
            self.env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.env.cr.execute(statement, self.arguments)
        self.assertTrue(self.env.cr.rowcount)
        for table in TABLES:
            self.env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        self.env.registry.clear_cache()
        self.env.invalidate_all()
