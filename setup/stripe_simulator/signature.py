"""Webhook signatures, https://docs.stripe.com/webhooks#verify-manually."""

import hashlib
import hmac


def sign(body, secret, now):
    """Return the ``Stripe-Signature`` header of ``body``.

    ``body`` is the raw bytes sent, ``secret`` the endpoint's ``whsec_…`` text and
    ``now`` the time of sending in epoch seconds.
    """
    signed = b"%d." % now + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={now:d},v1={digest}"
