-- SPDX-License-Identifier: Apache-2.0
-- A role for people who ask the database in SQL: it reads the published numbers (table "published") and nothing else. Run it once as the owner of the tables, who
-- needs CREATEROLE, after cityhall's first start; then give it a password: \password statistics
CREATE ROLE statistics LOGIN NOINHERIT CONNECTION LIMIT 5;
ALTER ROLE statistics SET default_transaction_read_only = on;
ALTER ROLE statistics SET statement_timeout = '60s';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO statistics;
GRANT SELECT ON published TO statistics;
