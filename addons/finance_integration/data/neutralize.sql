-- A copy of the database reaches no other system and believes no delivery. An address
-- is written over, as none would mean the connector's own (.invalid: RFC 2606 §2).
UPDATE finance_credential SET ciphertext = NULL;
UPDATE finance_system SET base_url = 'https://neutralized.invalid', environment = 'test';
UPDATE finance_flow SET active = false;
