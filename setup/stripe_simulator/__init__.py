"""A Stripe account or several, simulated on the loopback interface.

For the demo, the tests and the benchmarks; no addon imports it. The shapes, the
filters, the errors and the webhook signature are those documented at
https://docs.stripe.com/api for version ``API_VERSION``.
"""

from .account import Account, Fee
from .const import API_VERSION
from .server import Simulator
from .signature import sign

__all__ = ["API_VERSION", "Account", "Fee", "Simulator", "sign"]
