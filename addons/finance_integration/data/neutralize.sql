-- A copy of the database reaches no other system and believes no delivery. An address
-- is written over, as none would mean the connector's own (.invalid: RFC 2606 §2).
UPDATE finance_credential SET ciphertext = NULL;
UPDATE finance_system SET base_url = 'https://neutralized.invalid', environment = 'test';
UPDATE finance_flow SET active = false;
-- Scheduled actions are Odoo's to stop; our jobs are not. What they were for is still in
-- the tables.
UPDATE queue_job SET state = 'cancelled'
 WHERE identity_key LIKE 'finance.%'
   AND state IN ('wait_dependencies', 'pending', 'enqueued', 'started');
