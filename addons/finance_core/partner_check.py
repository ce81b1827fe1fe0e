"""Does the money of a customer pay an invoice of that customer? Pure.

Only what a person has confirmed decides: a customer nobody confirmed pays any invoice
its reference names, and what is learned from that is a proposal for a person.
"""

from .errors import NeedsPerson


def partner_cause(customer: str, invoice: str) -> str:
    """The grouping key of equal cases; begins with ``partner:<customer>:``."""
    return f"partner:{customer}:{invoice}"


def check_partner(document, invoice: str, item, snapshot) -> None:
    """``item`` is the open item of ``invoice``, ``snapshot`` that of translation.

    Raises NeedsPerson when the document names a customer who is confirmed to be
    somebody else than owes the invoice, unless a person let this document pass.
    """
    customer = document.reference("customer")
    known = snapshot.partners.get(customer)
    if known is None or known == item.commercial_partner_id:
        return
    cause = partner_cause(customer, invoice)
    if (document.digest(), cause) in snapshot.accepted:
        return
    payer = snapshot.partner_names.get(known, "")
    owner = snapshot.partner_names.get(item.commercial_partner_id, "")
    raise NeedsPerson(
        cause,
        f"Customer {customer} is “{payer}”, but invoice {invoice} is one of “{owner}”.",
        "Correct the reference at the source, choose another partner for this customer,"
        " or accept it once with a reason.",
        category="control",
        field="Customer",
        value=customer,
        action="open_reference",
        logged=f"Customer {customer} pays the invoice {invoice} of another partner.",
    )
