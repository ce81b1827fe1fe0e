from . import finance_exception_close
