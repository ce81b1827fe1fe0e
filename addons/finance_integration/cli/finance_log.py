"""``odoo finance_log verify|export``: Odoo's CLI finds this file by its name."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg2

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class FinanceLog(Command):
    """Verify the finance log, or export its seals.

    verify exits with 0 when nothing was altered, 1 when something was, and 2 when
    it could not tell.
    """

    name = "finance_log"

    def run(self, arguments: list[str]) -> None:
        options = self._options(arguments)
        wanted = ["--no-http", "--logfile=", "--log-level=warn"]
        wanted += [f"--database={options.database}"] if options.database else []
        config.parse_config(wanted, setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            self.parser.error("name one database with -d")
        try:
            with Registry(databases[0]).cursor() as cr:
                sys.exit(self._act(Environment(cr, SUPERUSER_ID, {}), options))
        except psycopg2.Error as error:
            self.parser.error(f"PostgreSQL: {error}")

    def _act(self, env: Environment, options: argparse.Namespace) -> int:
        """Do what the options ask for; the exit status."""
        if "finance.log.seal" not in env:
            self.parser.error(f"no finance log in {env.cr.dbname}")
        return options.action(env, options)

    def _options(self, arguments: Sequence[str]) -> argparse.Namespace:
        shared = argparse.ArgumentParser(add_help=False)
        shared.add_argument("-d", "--database")
        actions = self.parser.add_subparsers(required=True, metavar="verify|export")
        verify = actions.add_parser(
            "verify", parents=[shared], help="compare entries with their seals"
        )
        verify.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            nargs="+",
            default=[],
            help="seals exported earlier",
        )
        verify.set_defaults(action=self._verify)
        export = actions.add_parser(
            "export", parents=[shared], help="print all seals as CSV"
        )
        export.set_defaults(action=self._export)
        return self.parser.parse_args(arguments)

    def _verify(self, env: Environment, options: argparse.Namespace) -> int:
        seals = env["finance.log.seal"]
        result = seals._verify(self._exported(options.against), _show)
        sys.stdout.write(f"{seals._explain(result)}\n")
        return 1 if result.fault else 0

    def _exported(self, paths: Sequence[Path]) -> dict[int, str]:
        # not before the registry has loaded the addon: Odoo imports commands alone
        from odoo.addons.finance_integration.seals import (  # pylint: disable=odoo-addons-relative-import
            exported_hashes,
        )

        hashes: dict[int, str] = {}
        for path in paths:
            try:
                hashes |= exported_hashes(path.read_bytes())
            except (OSError, ValueError) as error:
                self.parser.error(f"{path}: {error}")
        return hashes

    def _export(self, env: Environment, _options: argparse.Namespace) -> int:
        sys.stdout.writelines(env["finance.log.seal"]._export())
        return 0


def _show(entries: int) -> None:
    """Say on a terminal how far it is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{entries} entries checked …\n")
