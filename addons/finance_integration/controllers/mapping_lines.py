from odoo import http
from odoo.http import request

from .. import mapping_file

FORMATS = {
    "csv": (mapping_file.write_csv, "text/csv; charset=utf-8"),
    "xlsx": (
        mapping_file.write_xlsx,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}


class MappingLines(http.Controller):
    @http.route(
        "/finance/mapping/<int:version_id>/lines.<any(csv,xlsx):extension>",
        type="http",
        auth="user",
        readonly=True,
    )
    def export(self, version_id: int, extension: str):
        """The lines of one version, for whoever may read it."""
        version = request.env["finance.mapping.version"].browse(version_id).exists()
        if not version:
            raise request.not_found()
        version.check_access("read")
        write, content_type = FORMATS[extension]
        name = f"{version.mapping_id.code}-v{version.number}.{extension}"
        headers = [
            ("Content-Type", content_type),
            ("Content-Disposition", http.content_disposition(name)),
        ]
        return request.make_response(write(version._file_rows()), headers)
