from . import test_contract
from . import test_demo
from . import test_registration
