-- A copy of the database reaches no other system and believes no delivery.
UPDATE finance_credential SET ciphertext = NULL;
UPDATE finance_system SET base_url = NULL;
UPDATE finance_flow SET active = false WHERE kind = 'pull';
