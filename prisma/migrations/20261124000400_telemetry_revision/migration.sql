-- Counts the transactions that changed anything of a gateway (its boots, its sensors' newest times and rule states), so that
-- ingest may keep these in memory between two batches and know whether another process wrote meanwhile.
ALTER TABLE telemetry.gateway_state ADD COLUMN revision bigint NOT NULL DEFAULT 0;

-- Messages are written in the transaction that holds their boot; a check per row would cost more than the row.
ALTER TABLE telemetry.message DROP CONSTRAINT message_boot_id_fkey;
