from . import test_contract
from . import test_documents
from . import test_pull
from . import test_registration
