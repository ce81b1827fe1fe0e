from . import log_seals, webhook
