"""Refusals in the shape of https://docs.stripe.com/api/errors."""


class ApiError(Exception):
    """An answer other than 200, with its documented body."""

    def __init__(self, status, message, headers=(), **details):
        super().__init__(message)
        self.status = status
        self.headers = dict(headers)
        error = {"message": message, "type": "invalid_request_error"}
        self.body = {"error": error | details}

    @classmethod
    def parameter(cls, parameter, code):
        """A parameter that Stripe does not take as it is."""
        return cls(400, f"Invalid parameter: {parameter}", param=parameter, code=code)

    @classmethod
    def missing(cls, id):
        """An object that is not there, or is another account's."""
        return cls(404, f"No such object: {id!r}", param="id", code="resource_missing")
