import tempfile

from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.http import request

IN_MEMORY = 1024 * 1024  #: bytes; what is more waits on disk


class LogSeals(http.Controller):
    @http.route("/finance/log/seals.csv", type="http", auth="user", readonly=True)
    def export(self):
        """All seals as CSV, to be kept elsewhere. Needs the right to read seals."""
        seals = request.env["finance.log.seal"]
        seals.check_access("read")
        content = tempfile.SpooledTemporaryFile(IN_MEMORY)
        for line in seals._export():
            content.write(line.encode())
        content.seek(0)
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", http.content_disposition("log-seals.csv")),
        ]
        body = wrap_file(request.httprequest.environ, content)
        return http.Response(body, headers=headers, direct_passthrough=True)
