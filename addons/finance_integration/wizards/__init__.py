from . import finance_exception_close
from . import finance_log_check
