"""The schemes of known systems, as data. Documentation read in November 2026."""

from .adyen import AdyenSignature
from .header import Ed25519Signature, HmacSignature
from .jws import BodyHashJwt, DetachedJws
from .rsa import RsaSignature

# https://docs.stripe.com/webhooks#verify-manually
# The secret's text is the key as it stands, "whsec_" included; v0 is for tests only.
STRIPE = HmacSignature(
    header="stripe-signature",
    separator=",",
    prefix="v1=",
    timestamp_prefix="t=",
    signed="{timestamp}.{body}",
)

# https://shopify.dev/docs/apps/build/webhooks/subscribe/https
SHOPIFY = HmacSignature(header="x-shopify-hmac-sha256", encoding="base64")

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
GITHUB = HmacSignature(header="x-hub-signature-256", prefix="sha256=")

# https://developer.gocardless.com/api-reference/#webhooks-signing-webhooks
GOCARDLESS = HmacSignature(header="webhook-signature")

# https://developer.squareup.com/docs/webhooks/step3validate
# The URL is the one entered at Square, to the letter.
SQUARE = HmacSignature(
    header="x-square-hmacsha256-signature", encoding="base64", signed="{url}{body}"
)

# https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/
XERO = HmacSignature(header="x-xero-signature", encoding="base64")

# https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
QUICKBOOKS = HmacSignature(header="intuit-signature", encoding="base64")

# https://docs.mollie.com/reference/best-practices (next-generation webhooks; the
# classic ones carry an id only and no signature)
MOLLIE = HmacSignature(header="x-mollie-signature", prefix="sha256=")

# https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
# The platform's webhooks sign the whole body, the standard ones some fields.
ADYEN = AdyenSignature()
ADYEN_PLATFORM = HmacSignature(
    header="hmacsignature", encoding="base64", secret_form="hex"
)

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
_STANDARD = {
    "header": "webhook-signature",
    "separator": " ",
    "timestamp_header": "webhook-timestamp",
    "signed": "{webhook-id}.{timestamp}.{body}",
}
STANDARD_WEBHOOKS = HmacSignature(
    prefix="v1,",
    encoding="base64",
    secret_form="base64",
    secret_prefix="whsec_",
    **_STANDARD,
)
STANDARD_WEBHOOKS_ED25519 = Ed25519Signature(prefix="v1a,", **_STANDARD)

# https://docs.wise.com/api-docs/features/webhooks-notifications/event-handling
WISE = RsaSignature(header="x-signature-sha256")

# https://plaid.com/docs/api/webhooks/webhook-verification/
PLAID = BodyHashJwt(header="plaid-verification")

# https://docs.truelayer.com/docs/verify-webhook-signatures
TRUELAYER = DetachedJws(
    header="tl-signature",
    key_urls=frozenset({"https://webhooks.truelayer.com/.well-known/jwks"}),
)
