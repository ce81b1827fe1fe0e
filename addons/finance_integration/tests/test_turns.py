"""Whoever reads a body holds one of the server's turns, and no longer than he lives."""

import os
import signal
import tempfile
import time
from pathlib import Path

from odoo.tests import BaseCase, tagged

from .. import slow_senders


@tagged("post_install", "-at_install")
class Turns(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name)
        self.patch(slow_senders, "_file", lambda number: path / f"turn{number}")
        self.patch(slow_senders, "TURNS", 2)
        self.patch(slow_senders, "WAIT", 0.05)

    def worker(self) -> int:
        """Another process, which has taken a turn."""
        ready, told = os.pipe()
        pid = os.fork()
        if not pid:
            self.hold_a_turn(told)
        os.close(told)
        with os.fdopen(ready) as words:
            self.assertEqual(words.read(), "taken")
        return pid

    def hold_a_turn(self, told):
        """Until it is killed; it never goes back into the tests."""
        try:
            with slow_senders._turn():
                os.write(told, b"taken")
                os.close(told)
                time.sleep(60)
        finally:
            os._exit(1)

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def assert_no_turn(self):
        with self.assertRaises(slow_senders.NoTurn), slow_senders._turn():
            self.fail("There was one turn more.")

    def test_a_worker_that_is_killed_gives_its_turn_back(self):
        workers = [self.worker(), self.worker()]
        self.assert_no_turn()
        self.kill(workers[0])
        with slow_senders._turn():
            self.assert_no_turn()
        self.kill(workers[1])
        with slow_senders._turn(), slow_senders._turn():
            self.assert_no_turn()

    def test_a_turn_ends_with_what_it_was_taken_for(self):
        for _number in range(3):
            with self.assertRaises(OSError), slow_senders._turn():
                raise OSError("The sender hung up.")
        with slow_senders._turn(), slow_senders._turn():
            self.assert_no_turn()
