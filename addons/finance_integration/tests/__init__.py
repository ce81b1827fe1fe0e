from . import test_board
from . import test_gateway_entries
from . import test_refunds
from . import test_controls
from . import test_pull
from . import test_tours
from . import test_payouts
