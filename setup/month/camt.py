"""The bank's side of the month: one camt.053.001.08 statement a bank account.

https://www.iso20022.org/catalogue-messages — BankToCustomerStatementV08. A payout that
was paid is one entry on the day of its arrival; a negative one is a debit; one that
failed never reached the bank and is not there.
"""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from .expected import to_major

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def statement(plan, bank_account, account):
    """Return the XML bytes of the month's statement of ``bank_account``.

    ``account`` is the simulated account whose payouts go there.
    """
    paid = [
        payout
        for payout in account.objects["payout"].values()
        if payout["destination"] == bank_account.id and payout["status"] == "paid"
    ]
    paid.sort(key=lambda payout: payout["arrival_date"])
    closing = sum(payout["amount"] for payout in paid)
    root = ElementTree.Element("Document", xmlns=_NAMESPACE)
    message = _add(root, "BkToCstmrStmt")
    _header(message, plan, bank_account)
    body = _opening(message, plan, bank_account)
    _balance(body, "OPBD", 0, bank_account.currency, plan.start)
    _balance(body, "CLBD", closing, bank_account.currency, _last_day(plan))
    for payout in paid:
        _entry(body, payout)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(parent, path, text=None, **attributes):
    """Append the elements of ``path`` to ``parent`` and return the innermost."""
    for tag in path.split("/"):
        parent = ElementTree.SubElement(parent, tag)
    parent.text = text
    parent.attrib.update(attributes)
    return parent


def _last_day(plan):
    return plan.end - timedelta(days=1)


def _header(message, plan, bank_account):
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", f"{plan.start:%Y%m}-{bank_account.iban}")
    _add(header, "CreDtTm", plan.end.isoformat())


def _opening(message, plan, bank_account):
    body = _add(message, "Stmt")
    _add(body, "Id", f"{plan.start:%Y-%m}/{bank_account.iban[-6:]}")
    _add(body, "ElctrncSeqNb", f"{plan.start:%m}")
    _add(body, "CreDtTm", plan.end.isoformat())
    period = _add(body, "FrToDt")
    _add(period, "FrDtTm", plan.start.isoformat())
    _add(period, "ToDtTm", plan.end.isoformat())
    holder = _add(body, "Acct")
    _add(holder, "Id/IBAN", bank_account.iban)
    _add(holder, "Ccy", bank_account.currency)
    return body


def _amount(parent, amount, currency):
    """Append a magnitude and the side it is on; minor units in, major units out."""
    _add(parent, "Amt", f"{to_major(abs(amount)):.2f}", Ccy=currency)
    _add(parent, "CdtDbtInd", "CRDT" if amount >= 0 else "DBIT")


def _balance(body, code, amount, currency, day):
    balance = _add(body, "Bal")
    _add(balance, "Tp/CdOrPrtry/Cd", code)
    _amount(balance, amount, currency)
    _add(balance, "Dt/Dt", f"{day:%Y-%m-%d}")


def _entry(body, payout):
    day = f"{datetime.fromtimestamp(payout['arrival_date'], UTC):%Y-%m-%d}"
    credit = payout["amount"] >= 0
    entry = _add(body, "Ntry")
    _amount(entry, payout["amount"], payout["currency"].upper())
    _add(entry, "Sts/Cd", "BOOK")
    _add(entry, "BookgDt/Dt", day)
    _add(entry, "ValDt/Dt", day)
    domain = _add(entry, "BkTxCd/Domn")
    _add(domain, "Cd", "PMNT")
    family = _add(domain, "Fmly")
    _add(family, "Cd", "RCDT" if credit else "IDDT")
    _add(family, "SubFmlyCd", "ESCT" if credit else "ESDD")
    details = _add(entry, "NtryDtls/TxDtls")
    _add(details, "Refs/EndToEndId", payout["id"])
    _add(details, f"RltdPties/{'Dbtr' if credit else 'Cdtr'}/Pty/Nm", "STRIPE")
    _add(details, "RmtInf/Ustrd", f"STRIPE PAYOUT {payout['id']}")
