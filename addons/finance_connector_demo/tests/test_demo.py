import json
from unittest import TestCase

from odoo.addons.finance_core.connector import Delivery, Request, Response
from odoo.addons.finance_core.contract import TYPES
from odoo.addons.finance_core.errors import MalformedPayload, Refused

from ..connector import DemoConnector

connector = DemoConnector()


class DemoShop(TestCase):
    def test_every_type_of_the_contract_is_spoken(self):
        self.assertEqual(set(connector.document_types), set(TYPES))

    def test_polling_follows_next_and_ends_where_new_pages_will_be(self):
        pages = {"1": "2", "2": None}
        cursor, asked = {}, []
        request = connector.next_page("documents", "", cursor, None)
        while request:
            asked.append(dict(request.query)["page"])
            body = json.dumps({"id": "d", "next": pages[asked[-1]]}).encode()
            response = Response(200, body=body)
            cursor = connector.advance("documents", cursor, response)
            request = connector.next_page("documents", "", cursor, response)
        self.assertEqual(asked, ["1", "2"])
        self.assertEqual(cursor, {"page": "2"})

    def test_delivery_without_id_or_documents_is_malformed(self):
        for body in (
            b"{}",
            b"[]",
            b'{"id": 1}',
            b'{"id": "", "documents": []}',
            b'{"id": "a\\u0000"}',
        ):
            with self.subTest(body):
                with self.assertRaises(MalformedPayload):
                    connector.identify(Delivery(body))
                with self.assertRaises(MalformedPayload):
                    connector.parse(Delivery(body))

    def test_without_a_key_nothing_is_sent(self):
        """FAULTS 5."""
        request = Request("GET", "/documents")
        sent = connector.authorize(request, ["hush"])
        self.assertEqual(sent.headers["authorization"], "Bearer hush")
        self.assertNotIn("hush", repr(sent))
        with self.assertRaises(Refused):
            connector.authorize(request, [])
