-- The relay asks for what is due by topic. Live events stay undelivered for ever and must not be scanned over on every look.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (topic, next_attempt_at, id) WHERE delivered_at IS NULL AND topic <> 'event';
