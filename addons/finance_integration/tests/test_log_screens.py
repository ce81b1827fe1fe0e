import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

GROUP = "finance_integration.group_"


@tagged("post_install", "-at_install")
class LogScreens(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(
                cls.env, f"log-{role}", f"{GROUP}{role}", password=f"log-{role}"
            )
            for role in ("user", "auditor", "admin")
        }

    def check(self, role, content=None):
        check = self.env["finance.log.check"].with_user(self.users[role])
        return check.create({"exported": content and base64.b64encode(content)})

    def test_auditor_and_admin_verify_and_see_the_answer(self):
        for role in ("auditor", "admin"):
            check = self.check(role)
            action = check.action_verify()
            self.assertEqual((action["res_id"], action["target"]), (check.id, "new"))
            self.assertEqual(check.verdict, "holds")
            self.assertIn("are as they were written", check.result)

    def test_a_seal_that_was_exported_and_is_gone_is_shown(self):
        export = "".join(self.env["finance.log.seal"]._export())
        check = self.check("auditor", f"{export}999999999,,0,0,0,,{'0' * 64}".encode())
        check.action_verify()
        self.assertEqual(check.verdict, "broken")
        self.assertIn("Seal 999999999 is missing", check.result)
        self.assertFalse(check.entry_id or check.seal_id)

    def test_any_other_file_is_refused_in_plain_words(self):
        header = "seal,at,first_id,last_id,entries,previous,hash\n"
        for content in (b"\xff\xfe", b"x" * 200_000, b"a,b\n1,2", b"\0", b'"'):
            with self.subTest(content[:9]), self.assertRaises(UserError):
                self.check("auditor", content).action_verify()
        for line in (
            "1,,,,,",
            "x,,,,,," + "0" * 64,
            "1,,,,,,00",
            '1,"',
            "\0" * 200_000,
        ):
            with self.subTest(line[:9]), self.assertRaises(UserError):
                self.check("auditor", (header + line).encode()).action_verify()

    def test_others_neither_verify_nor_export_nor_seal(self):
        seals = self.env["finance.log.seal"].with_user(self.users["user"])
        with self.assertRaises(AccessError):
            seals.action_seal_now()
        with self.assertRaises(AccessError):
            self.check("user")
        self.authenticate("log-user", "log-user")
        self.assertEqual(self.url_open("/finance/log/seals.csv").status_code, 403)

    def test_auditor_downloads_the_seals(self):
        self.authenticate("log-auditor", "log-auditor")
        answer = self.url_open("/finance/log/seals.csv")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("log-seals.csv", answer.headers["Content-Disposition"])
        self.assertEqual(answer.text, "".join(self.env["finance.log.seal"]._export()))

    def test_seal_now_wakes_the_sealer(self):
        cron = self.env.ref("finance_integration.cron_seal")
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self.env["finance.log.seal"].with_user(self.users["auditor"]).action_seal_now()
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_nobody_writes_the_log_or_its_seals_by_the_orm(self):
        for model in ("finance.log", "finance.log.seal"):
            records = self.env[model].sudo()
            for change in (records.unlink, lambda r=records: r.write({"at": False})):
                with self.assertRaises(UserError):
                    change()
            with self.assertRaises(UserError):
                records.create({})

    def test_a_seal_is_verified_and_shown_in_the_browser(self):
        self.start_tour(
            "/odoo/finance-log-seals",
            "finance_log_seals",
            login="log-auditor",
            timeout=180,  # the first page also compiles its assets
        )
