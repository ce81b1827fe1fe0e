"""What Odoo takes for granted of a request and HTTP/1.0 does not ask of it."""

from functools import wraps

from werkzeug.wsgi import get_host

from odoo.http import Application


def supply_host():
    """The manifest's post_load: let Odoo answer a request without a Host header.

    Odoo reads ``HTTP_HOST`` before it knows a database, so before any model or
    controller is asked; only around the WSGI application can it be given. Its absence
    is legal, and the server's own name and port stand for it.
    https://peps.python.org/pep-3333/#environ-variables
    """
    Application.__call__ = _with_host(Application.__call__)


def _with_host(application):
    @wraps(application)
    def call(self, environ, start_response):
        if "HTTP_HOST" not in environ:
            environ["HTTP_HOST"] = get_host(environ)
        return application(self, environ, start_response)

    return call
