-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "park" (
    "id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "timezone" TEXT NOT NULL DEFAULT 'Asia/Shanghai',
    "boundary" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "park_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "park_policy" (
    "id" TEXT NOT NULL,
    "park_id" TEXT NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_to" TIMESTAMPTZ(3),
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_by" TEXT,
    "policy" JSONB NOT NULL,

    CONSTRAINT "park_policy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "zone" (
    "id" TEXT NOT NULL,
    "park_id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "polygon" JSONB NOT NULL,
    "elevation_m" DOUBLE PRECISION,

    CONSTRAINT "zone_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "organisation" (
    "id" TEXT NOT NULL,
    "park_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "safety_rating" TEXT,
    "email" TEXT,
    "language" TEXT NOT NULL DEFAULT 'zh',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organisation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "unit" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "zone_id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,

    CONSTRAINT "unit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "asset" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "zone_id" TEXT NOT NULL,
    "unit_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "substance" TEXT,
    "point" JSONB NOT NULL,
    "floor" INTEGER,

    CONSTRAINT "asset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,

    CONSTRAINT "gateway_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sensor" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "asset_id" TEXT NOT NULL,
    "gateway_id" TEXT NOT NULL,
    "point" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "unit" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "range_low" DOUBLE PRECISION,
    "range_high" DOUBLE PRECISION,
    "limit_ll" DOUBLE PRECISION,
    "limit_l" DOUBLE PRECISION,
    "limit_h" DOUBLE PRECISION,
    "limit_hh" DOUBLE PRECISION,
    "statutory" BOOLEAN NOT NULL DEFAULT false,
    "legal_basis" TEXT,
    "interval_s" INTEGER NOT NULL DEFAULT 30,

    CONSTRAINT "sensor_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "flow_version" (
    "version" SERIAL NOT NULL,
    "author_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "flows" JSONB NOT NULL,
    "sha256" TEXT NOT NULL,
    "note" TEXT,
    "rollback_of" INTEGER,

    CONSTRAINT "flow_version_pkey" PRIMARY KEY ("version")
);

-- CreateTable
CREATE TABLE "event_cursor" (
    "consumer" TEXT NOT NULL,
    "position" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "event_cursor_pkey" PRIMARY KEY ("consumer")
);

-- CreateTable
CREATE TABLE "rule_version" (
    "rule_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "origin" TEXT NOT NULL,
    "flow_version" INTEGER,
    "node_id" TEXT,
    "spec" JSONB NOT NULL,
    "sha256" TEXT NOT NULL,
    "active_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "active_to" TIMESTAMPTZ(3),

    CONSTRAINT "rule_version_pkey" PRIMARY KEY ("rule_id","version")
);

-- CreateTable
CREATE TABLE "sensor_event" (
    "id" BIGSERIAL NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "tenant_id" TEXT NOT NULL,
    "sensor_id" TEXT NOT NULL,
    "asset_id" TEXT NOT NULL,
    "episode_id" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "rule_version" INTEGER NOT NULL,
    "flow_version" INTEGER,
    "node_id" TEXT,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "limit_value" DOUBLE PRECISION NOT NULL,
    "unit" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "statutory" BOOLEAN NOT NULL,
    "handled_at" TIMESTAMPTZ(3),
    "handled_by" TEXT,

    CONSTRAINT "sensor_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alarm" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "sensor_id" TEXT NOT NULL,
    "asset_id" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "rule_version" INTEGER NOT NULL,
    "raised_at" TIMESTAMPTZ(3) NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "value" DOUBLE PRECISION NOT NULL,
    "limit_value" DOUBLE PRECISION NOT NULL,
    "unit" TEXT NOT NULL,
    "statutory" BOOLEAN NOT NULL,
    "cleared_at" TIMESTAMPTZ(3),
    "acknowledged_at" TIMESTAMPTZ(3),
    "acknowledged_by" TEXT,
    "confirmed" BOOLEAN,
    "confirmed_at" TIMESTAMPTZ(3),
    "confirmed_by" TEXT,
    "confirm_reason" TEXT,
    "escalation" INTEGER NOT NULL DEFAULT 0,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "alarm_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hazard" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "asset_id" TEXT,
    "zone_id" TEXT,
    "type" TEXT NOT NULL,
    "grade" TEXT,
    "title" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "cycle" INTEGER NOT NULL DEFAULT 1,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "overdue" BOOLEAN NOT NULL DEFAULT false,
    "supervision" INTEGER NOT NULL DEFAULT 0,
    "supervision_open" BOOLEAN NOT NULL DEFAULT false,
    "rejections" INTEGER NOT NULL DEFAULT 0,
    "statutory" BOOLEAN NOT NULL DEFAULT false,
    "needs_owner" BOOLEAN NOT NULL DEFAULT false,
    "responsible_id" TEXT,
    "snapshot" JSONB NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "event_id" BIGINT,
    "rule_id" TEXT,
    "rule_version" INTEGER,
    "flow_version" INTEGER,
    "node_id" TEXT,
    "point" JSONB,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hazard_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hazard_report" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "asset_id" TEXT,
    "zone_id" TEXT,
    "type" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "statutory" BOOLEAN NOT NULL DEFAULT false,
    "message" JSONB NOT NULL,
    "reporter_id" TEXT,
    "event_id" BIGINT,
    "rule_id" TEXT,
    "rule_version" INTEGER,
    "flow_version" INTEGER,
    "node_id" TEXT,
    "point" JSONB,
    "client_at" TIMESTAMPTZ(3),
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "hazard_report_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hazard_transition" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT NOT NULL,
    "seq" INTEGER,
    "command_id" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "from_state" TEXT,
    "to_state" TEXT,
    "actor_id" TEXT,
    "actor_org_id" TEXT,
    "actor_role" TEXT,
    "server_at" TIMESTAMPTZ(3) NOT NULL,
    "client_at" TIMESTAMPTZ(3),
    "clock_skew" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT,
    "refusal_code" TEXT,
    "payload" JSONB NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "hazard_transition_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deadline" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" INTEGER NOT NULL DEFAULT 0,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "met_at" TIMESTAMPTZ(3),
    "breached_at" TIMESTAMPTZ(3),
    "withdrawn_at" TIMESTAMPTZ(3),
    "basis" TEXT NOT NULL,

    CONSTRAINT "deadline_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "supervision" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "cause" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "outcome" TEXT,

    CONSTRAINT "supervision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "blob" (
    "sha256" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "media_type" TEXT NOT NULL,
    "stored_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blob_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "evidence" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "sha256" TEXT,
    "media_type" TEXT,
    "detail" JSONB NOT NULL,
    "uploader_id" TEXT,
    "captured_at" TIMESTAMPTZ(3),
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "supersedes_id" TEXT,
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "evidence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notice" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "hazard_id" TEXT,
    "alarm_id" TEXT,
    "kind" TEXT NOT NULL,
    "recipient_org_id" TEXT NOT NULL,
    "is_copy" BOOLEAN NOT NULL DEFAULT false,
    "language" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "body_html" TEXT NOT NULL,
    "body_text" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "template_sha" TEXT NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,
    "read_at" TIMESTAMPTZ(3),
    "read_by" TEXT,
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "notice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delivery" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "notice_id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "provider_code" TEXT,
    "error" TEXT,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "actuation" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "asset_id" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "event_id" BIGINT,
    "flow_version" INTEGER,
    "node_id" TEXT,
    "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "actuation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "tx" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "topic" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "tenant_id" TEXT,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "delivered_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "person" (
    "id" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "email" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "person_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "membership" (
    "id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,

    CONSTRAINT "membership_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "must_change_password" BOOLEAN NOT NULL DEFAULT false,
    "failed_attempts" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMPTZ(3),
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "token_sha" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "membership_id" TEXT NOT NULL,
    "csrf_token" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("token_sha")
);

-- CreateTable
CREATE TABLE "access_grant" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "approved_by" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "access_grant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "account_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "body_sha" TEXT NOT NULL,
    "status" INTEGER,
    "response" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("account_id","key")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor_id" TEXT,
    "action" TEXT NOT NULL,
    "object" TEXT,
    "outcome" TEXT NOT NULL,
    "detail" JSONB NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "park_code_key" ON "park"("code");

-- CreateIndex
CREATE UNIQUE INDEX "zone_park_id_code_key" ON "zone"("park_id", "code");

-- CreateIndex
CREATE UNIQUE INDEX "organisation_code_key" ON "organisation"("code");

-- CreateIndex
CREATE UNIQUE INDEX "unit_tenant_id_id_key" ON "unit"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "asset_tenant_id_id_key" ON "asset"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "asset_tenant_id_code_key" ON "asset"("tenant_id", "code");

-- CreateIndex
CREATE UNIQUE INDEX "gateway_tenant_id_id_key" ON "gateway"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "sensor_tenant_id_id_key" ON "sensor"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "sensor_gateway_id_point_key" ON "sensor"("gateway_id", "point");

-- CreateIndex
CREATE INDEX "rule_version_active_to_idx" ON "rule_version"("active_to");

-- CreateIndex
CREATE UNIQUE INDEX "sensor_event_episode_id_kind_key" ON "sensor_event"("episode_id", "kind");

-- CreateIndex
CREATE INDEX "alarm_tenant_id_closed_at_idx" ON "alarm"("tenant_id", "closed_at");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_number_key" ON "hazard"("number");

-- CreateIndex
CREATE INDEX "hazard_tenant_id_state_reported_at_idx" ON "hazard"("tenant_id", "state", "reported_at");

-- CreateIndex
CREATE INDEX "hazard_state_reported_at_id_idx" ON "hazard"("state", "reported_at", "id");

-- CreateIndex
CREATE INDEX "hazard_asset_id_idx" ON "hazard"("asset_id");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_tenant_id_id_key" ON "hazard"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_report_dedupe_key_key" ON "hazard_report"("dedupe_key");

-- CreateIndex
CREATE INDEX "hazard_report_asset_id_received_at_idx" ON "hazard_report"("asset_id", "received_at");

-- CreateIndex
CREATE INDEX "hazard_report_hazard_id_idx" ON "hazard_report"("hazard_id");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_report_tenant_id_id_key" ON "hazard_report"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_transition_dedupe_key_key" ON "hazard_transition"("dedupe_key");

-- CreateIndex
CREATE UNIQUE INDEX "hazard_transition_hazard_id_seq_key" ON "hazard_transition"("hazard_id", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "deadline_hazard_id_kind_level_started_at_key" ON "deadline"("hazard_id", "kind", "level", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "supervision_hazard_id_level_key" ON "supervision"("hazard_id", "level");

-- CreateIndex
CREATE UNIQUE INDEX "evidence_supersedes_id_key" ON "evidence"("supersedes_id");

-- CreateIndex
CREATE UNIQUE INDEX "evidence_dedupe_key_key" ON "evidence"("dedupe_key");

-- CreateIndex
CREATE UNIQUE INDEX "evidence_tenant_id_id_key" ON "evidence"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "notice_dedupe_key_key" ON "notice"("dedupe_key");

-- CreateIndex
CREATE INDEX "notice_recipient_org_id_issued_at_idx" ON "notice"("recipient_org_id", "issued_at");

-- CreateIndex
CREATE UNIQUE INDEX "notice_tenant_id_id_key" ON "notice"("tenant_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "delivery_notice_id_channel_address_key" ON "delivery"("notice_id", "channel", "address");

-- CreateIndex
CREATE UNIQUE INDEX "actuation_dedupe_key_key" ON "actuation"("dedupe_key");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_key_key" ON "outbox"("key");

-- CreateIndex
CREATE UNIQUE INDEX "membership_person_id_org_id_role_key" ON "membership"("person_id", "org_id", "role");

-- CreateIndex
CREATE UNIQUE INDEX "account_username_key" ON "account"("username");

-- AddForeignKey
ALTER TABLE "park_policy" ADD CONSTRAINT "park_policy_park_id_fkey" FOREIGN KEY ("park_id") REFERENCES "park"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "zone" ADD CONSTRAINT "zone_park_id_fkey" FOREIGN KEY ("park_id") REFERENCES "park"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "organisation" ADD CONSTRAINT "organisation_park_id_fkey" FOREIGN KEY ("park_id") REFERENCES "park"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unit" ADD CONSTRAINT "unit_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unit" ADD CONSTRAINT "unit_zone_id_fkey" FOREIGN KEY ("zone_id") REFERENCES "zone"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "asset" ADD CONSTRAINT "asset_zone_id_fkey" FOREIGN KEY ("zone_id") REFERENCES "zone"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "asset" ADD CONSTRAINT "asset_tenant_id_unit_id_fkey" FOREIGN KEY ("tenant_id", "unit_id") REFERENCES "unit"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sensor" ADD CONSTRAINT "sensor_tenant_id_asset_id_fkey" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "asset"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sensor" ADD CONSTRAINT "sensor_tenant_id_gateway_id_fkey" FOREIGN KEY ("tenant_id", "gateway_id") REFERENCES "gateway"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hazard" ADD CONSTRAINT "hazard_tenant_id_asset_id_fkey" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "asset"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hazard_transition" ADD CONSTRAINT "hazard_transition_tenant_id_hazard_id_fkey" FOREIGN KEY ("tenant_id", "hazard_id") REFERENCES "hazard"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deadline" ADD CONSTRAINT "deadline_tenant_id_hazard_id_fkey" FOREIGN KEY ("tenant_id", "hazard_id") REFERENCES "hazard"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "supervision" ADD CONSTRAINT "supervision_tenant_id_hazard_id_fkey" FOREIGN KEY ("tenant_id", "hazard_id") REFERENCES "hazard"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_tenant_id_hazard_id_fkey" FOREIGN KEY ("tenant_id", "hazard_id") REFERENCES "hazard"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_tenant_id_notice_id_fkey" FOREIGN KEY ("tenant_id", "notice_id") REFERENCES "notice"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "membership" ADD CONSTRAINT "membership_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "membership" ADD CONSTRAINT "membership_org_id_fkey" FOREIGN KEY ("org_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- ---------------------------------------------------------------------------------------------------------------
-- What the schema language cannot say: fast paths, append-only records, who sees which rows.
-- ---------------------------------------------------------------------------------------------------------------

CREATE SEQUENCE hazard_number_seq;

-- The relay asks for what is due by topic. Live events stay undelivered for ever and must not be scanned over on every look.
CREATE INDEX outbox_due ON outbox (topic, next_attempt_at, id) WHERE delivered_at IS NULL AND topic <> 'event';
CREATE INDEX outbox_event ON outbox (tx, id) WHERE topic = 'event';
CREATE INDEX sensor_event_position ON sensor_event (tx, id);
CREATE INDEX sensor_event_unhandled ON sensor_event (stored_at) WHERE handled_at IS NULL AND statutory AND kind = 'raised';
CREATE INDEX alarm_open ON alarm (raised_at) WHERE closed_at IS NULL;

-- The relay and the readers of events wake up at once.
CREATE FUNCTION pw_notify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify(TG_ARGV[0], ''); RETURN NULL; END $$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_outbox');
CREATE TRIGGER sensor_event_notify AFTER INSERT ON sensor_event FOR EACH STATEMENT EXECUTE FUNCTION pw_notify('pw_sensor_event');

-- ISA-18.2 state from its two facts; the same function as domain/alarm.ts alarmState (a test compares them).
CREATE FUNCTION pw_alarm_state(cleared_at timestamptz, acknowledged_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN cleared_at IS NULL AND acknowledged_at IS NULL THEN 'unacknowledged'
    WHEN cleared_at IS NULL THEN 'acknowledged'
    WHEN acknowledged_at IS NULL THEN 'returned_unacknowledged'
    ELSE 'normal' END $$;

CREATE FUNCTION pw_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON hazard_transition FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON evidence FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON flow_version FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON hazard_transition FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON evidence FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

-- The processes work as this role: no owner, no bypass of row-level security.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parkwarden_app') THEN
    CREATE ROLE parkwarden_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT parkwarden_app TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO parkwarden_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO parkwarden_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO parkwarden_app;
DO $$ BEGIN IF to_regclass('_prisma_migrations') IS NOT NULL THEN REVOKE ALL ON _prisma_migrations FROM parkwarden_app; END IF; END $$;

-- pw.scope is one of domain/permissions.ts Scope or 'service' (our own processes); pw.tenant is the actor's organisation.
-- Unset means: nothing.
CREATE FUNCTION pw_scope() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(current_setting('pw.scope', true), 'none') $$;
CREATE FUNCTION pw_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT coalesce(current_setting('pw.tenant', true), '') $$;

-- Grants end by the database clock, per statement.
CREATE FUNCTION pw_granted() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT tenant_id FROM access_grant
  WHERE org_id = coalesce(current_setting('pw.tenant', true), '') AND starts_at <= clock_timestamp() AND clock_timestamp() < expires_at $$;

DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind = 'r' AND relname <> '_prisma_migrations'
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY service ON %I USING ((SELECT pw_scope()) = ''service'')', t);
  END LOOP;

  -- Rows of a case and of its papers: park sees all, an enterprise its own, a regulator what is granted.
  FOREACH t IN ARRAY ARRAY['hazard', 'hazard_report', 'hazard_transition', 'deadline', 'supervision', 'evidence'] LOOP
    EXECUTE format('CREATE POLICY readers ON %I FOR SELECT USING (
      (SELECT pw_scope()) = ''park''
      OR ((SELECT pw_scope()) = ''tenant'' AND tenant_id = (SELECT pw_tenant()))
      OR ((SELECT pw_scope()) = ''grant'' AND tenant_id IN (SELECT pw_granted())))', t);
  END LOOP;

  -- The registry, alarms and events: the process owner too.
  FOREACH t IN ARRAY ARRAY['unit', 'asset', 'gateway', 'sensor', 'sensor_event', 'alarm', 'actuation'] LOOP
    EXECUTE format('CREATE POLICY readers ON %I FOR SELECT USING (
      (SELECT pw_scope()) IN (''park'', ''plant'')
      OR ((SELECT pw_scope()) = ''tenant'' AND tenant_id = (SELECT pw_tenant()))
      OR ((SELECT pw_scope()) = ''grant'' AND tenant_id IN (SELECT pw_granted())))', t);
  END LOOP;
END $$;

-- A notice is read by whom it is addressed to, and by the park.
CREATE POLICY readers ON notice FOR SELECT USING (
  (SELECT pw_scope()) = 'park' OR ((SELECT pw_scope()) = 'tenant' AND recipient_org_id = (SELECT pw_tenant())));
CREATE POLICY readers ON delivery FOR SELECT USING ((SELECT pw_scope()) = 'park');
CREATE POLICY readers ON park FOR SELECT USING ((SELECT pw_scope()) <> 'none');
CREATE POLICY readers ON zone FOR SELECT USING ((SELECT pw_scope()) IN ('park', 'plant', 'tenant', 'grant'));
-- The investment office reads organisations through the API, which gives it the rating and nothing else.
CREATE POLICY readers ON organisation FOR SELECT USING (
  (SELECT pw_scope()) IN ('park', 'plant', 'rating')
  OR ((SELECT pw_scope()) = 'tenant' AND (id = (SELECT pw_tenant()) OR kind = 'park_department'))
  OR ((SELECT pw_scope()) = 'grant' AND (id IN (SELECT pw_granted()) OR kind = 'park_department')));
-- What happened to a case, for the live view; rows without tenant are for the park.
CREATE POLICY readers ON outbox FOR SELECT USING (topic = 'event' AND (
  (SELECT pw_scope()) = 'park'
  OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope()) = 'grant' AND tenant_id IN (SELECT pw_granted()))
  OR ((SELECT pw_scope()) = 'plant' AND payload->>'type' LIKE 'alarm.%')));
CREATE POLICY readers ON flow_version FOR SELECT USING ((SELECT pw_scope()) IN ('park', 'plant'));
CREATE POLICY readers ON rule_version FOR SELECT USING ((SELECT pw_scope()) IN ('park', 'plant'));
CREATE POLICY readers ON park_policy FOR SELECT USING ((SELECT pw_scope()) = 'park');
CREATE POLICY readers ON access_grant FOR SELECT USING (
  (SELECT pw_scope()) = 'park' OR ((SELECT pw_scope()) = 'grant' AND org_id = (SELECT pw_tenant())));
