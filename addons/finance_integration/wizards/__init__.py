from . import (
    finance_document_verdict,
    finance_completeness_wizard,
    finance_exception_close,
    finance_exception_snooze,
    finance_log_check,
    finance_mapping_import,
    finance_mapping_test,
    finance_preview_scope,
    finance_pause,
    finance_reveal,
    finance_process_verdict,
    finance_version_rejection,
)
