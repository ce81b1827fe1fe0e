from . import log_seals, mapping_lines, webhook
