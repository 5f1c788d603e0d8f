-- Telemetry: what gateways sent, what ingest made of it. Only ingest writes here; the API reads readings and latest values.
CREATE SCHEMA telemetry;

-- A boot of a gateway: its own sequence numbers. Ids ascend in the order in which boots were first seen.
CREATE TABLE telemetry.boot (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id   text NOT NULL,
  gateway_id  text NOT NULL,
  boot        text NOT NULL,
  first_seen  timestamptz(3) NOT NULL DEFAULT now(),
  -- Every sequence number from 0 to this one is stored; -1 while 0 is missing.
  contiguous  bigint NOT NULL DEFAULT -1,
  max_seq     bigint NOT NULL DEFAULT -1,
  UNIQUE (gateway_id, boot),
  UNIQUE (tenant_id, id)
);

-- One row per message that was taken in: a second delivery finds its row and has no effect.
CREATE TABLE telemetry.message (
  -- Without a foreign key: written in the transaction that holds the boot; a check per row would cost more than the row.
  boot_id     bigint NOT NULL,
  seq         bigint NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (boot_id, seq)
);

CREATE TABLE telemetry.gateway_state (
  gateway_id    text PRIMARY KEY,
  tenant_id     text NOT NULL,
  boot_id       bigint,
  last_seen     timestamptz(3),
  -- Clock of the gateway minus ours at the last message; suspect beyond the park's clockSkewMs.
  clock_offset_ms double precision,
  clock_suspect boolean NOT NULL DEFAULT false,
  -- Counts the transactions that changed anything of the gateway (its boots, its sensors' newest times and rule states), so that
  -- ingest may keep these in memory between two batches and know whether another process wrote meanwhile.
  revision      bigint NOT NULL DEFAULT 0,
  FOREIGN KEY (tenant_id, boot_id) REFERENCES telemetry.boot (tenant_id, id)
);

CREATE TABLE telemetry.reading (
  tenant_id   text NOT NULL,
  sensor_id   text NOT NULL,
  -- Event time: the gateway's, or the receive time when its clock is suspect.
  at          timestamptz(3) NOT NULL,
  value       double precision NOT NULL,
  -- GOOD | CLOCK_SUSPECT
  quality     text NOT NULL,
  -- Older than what was known of the sensor already: kept, never evaluated.
  late        boolean NOT NULL DEFAULT false,
  retained    boolean NOT NULL DEFAULT false,
  device_at   timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  boot_id     bigint NOT NULL,
  seq         bigint NOT NULL,
  CHECK (value NOT IN ('NaN', 'Infinity', '-Infinity'))
) PARTITION BY RANGE (at);
CREATE INDEX reading_sensor_at ON telemetry.reading (sensor_id, at);
CREATE TABLE telemetry.reading_default PARTITION OF telemetry.reading DEFAULT;

CREATE TABLE telemetry.latest (
  sensor_id   text PRIMARY KEY,
  tenant_id   text NOT NULL,
  value       double precision NOT NULL,
  at          timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  quality     text NOT NULL
) WITH (fillfactor = 50);

-- State of a rule version (domain/rules.ts RuleState). episode_id while an episode is open.
CREATE TABLE telemetry.rule_state (
  rule_id     text NOT NULL,
  version     integer NOT NULL,
  tenant_id   text NOT NULL,
  sensor_id   text NOT NULL,
  state       jsonb NOT NULL,
  episode_id  text,
  updated_at  timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (rule_id, version)
) WITH (fillfactor = 50);
CREATE INDEX rule_state_open ON telemetry.rule_state (rule_id) WHERE episode_id IS NOT NULL;

-- Input that could not be taken as a value. Equal bytes are kept once a day, and at most so many a day (domain/telemetry.ts).
CREATE TABLE telemetry.quarantine (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day         date NOT NULL,
  -- As named by the topic; it need not be registered.
  gateway_id  text NOT NULL,
  tenant_id   text,
  reason      text NOT NULL,
  detail      jsonb NOT NULL,
  topic       text NOT NULL,
  -- At most 64 KB; bytes is the true length.
  raw         bytea NOT NULL,
  bytes       integer NOT NULL,
  sha256      text NOT NULL,
  received_at timestamptz(3) NOT NULL,
  UNIQUE (day, gateway_id, reason, sha256, detail)
);
CREATE TABLE telemetry.quarantine_count (
  day         date NOT NULL,
  gateway_id  text NOT NULL,
  reason      text NOT NULL,
  tenant_id   text,
  count       bigint NOT NULL,
  PRIMARY KEY (day, gateway_id, reason)
);

-- Daily partitions (UTC) from yesterday on. The default partition takes what is older. Runs as the owner of the schema,
-- since the processes' role may not create tables; gives the number of partitions that it made.
CREATE FUNCTION telemetry.ensure_partitions(days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, telemetry AS $$
DECLARE
  first date := (now() AT TIME ZONE 'UTC')::date - 1;
  d date;
  name text;
  made integer := 0;
BEGIN
  IF days_ahead NOT BETWEEN 0 AND 60 THEN
    RAISE EXCEPTION 'days_ahead must be from 0 to 60';
  END IF;
  PERFORM pg_advisory_xact_lock(7277002);
  FOR i IN 0 .. days_ahead + 1 LOOP
    d := first + i;
    name := 'reading_' || to_char(d, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('telemetry.' || name) IS NOT NULL;
    -- A day whose rows are in the default partition already stays there.
    CONTINUE WHEN EXISTS (SELECT FROM telemetry.reading_default WHERE at >= d::timestamp AT TIME ZONE 'UTC' AND at < (d + 1)::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('CREATE TABLE telemetry.%I PARTITION OF telemetry.reading FOR VALUES FROM (%L) TO (%L)', name, d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
    EXECUTE format('ALTER TABLE telemetry.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE telemetry.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY service ON telemetry.%I USING ((SELECT public.pw_scope()) = ''service'')', name);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION telemetry.ensure_partitions(integer) FROM PUBLIC;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['boot', 'message', 'gateway_state', 'reading', 'reading_default', 'latest', 'rule_state', 'quarantine', 'quarantine_count'] LOOP
    EXECUTE format('ALTER TABLE telemetry.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE telemetry.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY service ON telemetry.%I USING ((SELECT pw_scope()) = ''service'')', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['reading', 'latest', 'gateway_state', 'rule_state'] LOOP
    EXECUTE format('CREATE POLICY readers ON telemetry.%I FOR SELECT USING (
      (SELECT pw_scope()) IN (''park'', ''plant'')
      OR ((SELECT pw_scope()) = ''tenant'' AND tenant_id = (SELECT pw_tenant()))
      OR ((SELECT pw_scope()) = ''grant'' AND tenant_id IN (SELECT pw_granted())))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['quarantine', 'quarantine_count'] LOOP
    EXECUTE format('CREATE POLICY readers ON telemetry.%I FOR SELECT USING ((SELECT pw_scope()) IN (''park'', ''plant''))', t);
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA telemetry TO parkwarden_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA telemetry TO parkwarden_app;
-- Partitions are reached through their parent only.
REVOKE ALL ON telemetry.reading_default FROM parkwarden_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA telemetry TO parkwarden_app;
GRANT EXECUTE ON FUNCTION telemetry.ensure_partitions(integer) TO parkwarden_app;

SELECT telemetry.ensure_partitions(7);

-- Ingest reloads registry, rules and policy when they change.
CREATE TRIGGER rules_notify AFTER INSERT OR UPDATE OR DELETE ON rule_version FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_rules');
CREATE TRIGGER rules_notify AFTER INSERT OR UPDATE OR DELETE ON sensor FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_rules');
CREATE TRIGGER rules_notify AFTER INSERT OR UPDATE OR DELETE ON gateway FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_rules');
CREATE TRIGGER rules_notify AFTER INSERT OR UPDATE OR DELETE ON park_policy FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_rules');
