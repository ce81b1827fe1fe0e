"""What the commands of setup/ share. Stage one (install) needs only the standard
library; stage two (everything else) runs inside .local/venv."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "error: Python 3.11 or newer is needed, this is %d.%d. "
        "Run the command with a newer one, e.g. python3.12 setup/demo."
        % sys.version_info[:2]
    )
