"""Odoo's side of the month, before it starts: companies, accounts, invoices, people.

Every function takes an Odoo environment and does nothing that has been done already.
"""

from datetime import date

from . import BOOK_RATES, TAX_PERCENT

INVOICES_A_BATCH = 200
OWNER = "finance_user"  # gets the exceptions
ROLES = ("user", "operator", "editor", "approver", "admin", "auditor")
ACCOUNTANTS = ("user", "operator", "editor", "approver", "admin")
QUIET = {"tracking_disable": True, "mail_create_nosubscribe": True}


def prepare(env, plan, base_url, secrets):
    """Bring a database to the evening before the month.

    ``secrets`` is {company key: {"api": …, "webhook": …}}. Returns the systems by
    company key.
    """
    _rates(env)
    records = {company.key: _company(env, company) for company in plan.companies}
    _people(env, env["res.company"].union(*records.values()))
    systems = {}
    for company in plan.companies:
        record = records[company.key]
        _invoices(env(context={**env.context, **QUIET}), record, company)
        system = _system(env, record, company, base_url)
        _credentials(env, system, secrets[company.key])
        systems[company.key] = system
    return systems


def approve(env, versions):
    """Put submitted versions in force, as the person who may."""
    approver = env["res.users"].search([("login", "=", "finance_approver")])
    companies = versions.company_id.ids
    versions.with_user(approver).with_context(
        allowed_company_ids=companies
    ).action_approve()


def _rates(env):
    for code in ("EUR", *BOOK_RATES):
        env.ref(f"base.{code}").active = True


def _company(env, company):
    known = env["res.company"].search([("name", "=", company.name)])
    if known:
        return known.with_company(known)
    eur = env.ref(f"base.{company.currency}")
    vals = {
        "name": company.name,
        "currency_id": eur.id,
    }
    first = env.ref("base.main_company")
    if not env["account.journal"].search_count(
        [("company_id", "=", first.id)], limit=1
    ):
        record = first
        record.write(vals)
    else:
        record = env["res.company"].create(vals)
        env.user.company_ids |= record
    env["account.chart.template"].try_loading(
        "generic_coa", company=record, install_demo=False
    )
    # the chart brings a currency of its own
    record.currency_id = eur
    record.partner_id.tz = "UTC"
    _record_rates(env, record)
    _banks(env, record, company)
    return record.with_company(record)


def _record_rates(env, record):
    for code, rate in BOOK_RATES.items():
        env["res.currency.rate"].create(
            {
                "currency_id": env.ref(f"base.{code}").id,
                "company_id": record.id,
                "name": date(2026, 1, 1),
                "inverse_company_rate": float(rate),
            }
        )


def _banks(env, record, company):
    for account in company.bank_accounts:
        currency = env.ref(f"base.{account.currency}")
        bank = env["res.partner.bank"].create(
            {"acc_number": account.iban, "partner_id": record.partner_id.id}
        )
        env["account.journal"].create(
            {
                "name": f"Bank {account.currency}",
                "type": "bank",
                "code": f"BK{account.currency[0]}",
                "company_id": record.id,
                "bank_account_id": bank.id,
                "currency_id": currency.id if currency != record.currency_id else False,
            }
        )


def _invoices(env, record, company):
    """Open customer invoices, posted in batches under the numbers of the plan."""
    env = record.with_context(**env.context).env
    moves = env["account.move"]
    known = set(
        moves.search(
            [("company_id", "=", record.id), ("move_type", "=", "out_invoice")]
        ).mapped("name")
    )
    missing = [each for each in company.invoices if each.number not in known]
    if not missing:
        return
    partners = _partners(env, record, company)
    tax = env["account.tax"].create(
        {
            "name": f"VAT {TAX_PERCENT} %",
            "amount": TAX_PERCENT,
            "type_tax_use": "sale",
            "company_id": record.id,
        }
    )
    currencies = {each.name: each.id for each in env["res.currency"].search([])}
    for start in range(0, len(missing), INVOICES_A_BATCH):
        batch = missing[start : start + INVOICES_A_BATCH]
        posted = moves.create(
            [_invoice(each, partners, tax, currencies) for each in batch]
        )
        posted.action_post()
        env.cr.commit()


def _partners(env, record, company):
    partners = env["res.partner"].create(
        [
            {"name": each.name, "email": each.email, "company_id": record.id}
            for each in company.partners
        ]
    )
    return dict(zip((p.customer for p in company.partners), partners.ids, strict=True))


def _invoice(invoice, partners, tax, currencies):
    return {
        "move_type": "out_invoice",
        "name": invoice.number,
        "partner_id": partners[invoice.partner.customer],
        "invoice_date": invoice.date,
        "date": invoice.date,
        "currency_id": currencies[invoice.currency],
        "invoice_line_ids": [
            (
                0,
                0,
                {
                    "name": "Services",
                    "quantity": 1,
                    "price_unit": float(invoice.net),
                    "tax_ids": [(6, 0, tax.ids)],
                },
            )
        ],
    }


def _system(env, record, company, base_url):
    code = f"stripe-{company.key.lower()}"
    systems = env["finance.system"].with_company(record)
    known = systems.search([("code", "=", code)])
    if known:
        known.base_url = base_url
        return known
    system = systems.create(
        {
            "name": f"Stripe {company.name}",
            "code": code,
            "connector": "stripe",
            "company_id": record.id,
            "owner_id": env["res.users"].search([("login", "=", OWNER)]).id,
            "environment": "test",
            "base_url": base_url,
            "granularity": company.granularity,
        }
    )
    currencies = {account.currency for account in company.bank_accounts}
    system._prepare_books(
        env["res.currency"].search([("name", "in", sorted(currencies))])
    )
    versions = system.mapping_ids.version_ids
    approve(env, versions.filtered(lambda each: each.state == "submitted"))
    return system


def _credentials(env, system, secrets):
    """This run's secrets; those of an earlier run end now."""
    credentials = env["finance.credential"]
    credentials.search([("system_id", "=", system.id)]).unlink()
    credentials.create(
        [
            {"system_id": system.id, "kind": kind, "secret": secret}
            for kind, secret in secrets.items()
        ]
    )


def _people(env, companies):
    """One login for each role, in both companies; password as the login's name says."""
    users = env["res.users"].with_context(no_reset_password=True)
    for role in ROLES:
        login = f"finance_{role}"
        if users.search_count([("login", "=", login)]):
            continue
        groups = [env.ref(f"finance_integration.group_{role}").id]
        if role in ACCOUNTANTS:
            groups.append(env.ref("account.group_account_user").id)
        else:
            groups.append(env.ref("account.group_account_readonly").id)
        users.create(
            {
                "name": f"Finance {role.capitalize()}",
                "login": login,
                "password": login,
                "company_id": companies[0].id,
                "company_ids": [(6, 0, companies.ids)],
                "group_ids": [(6, 0, groups)],
            }
        )
