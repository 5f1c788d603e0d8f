-- 任务: something that somebody must have done by an instant.
CREATE TABLE "task" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "title_zh" TEXT NOT NULL,
    "title_en" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "hazard_id" TEXT,
    "asset_id" TEXT,
    "owner_org_id" TEXT NOT NULL,
    "owner_person_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "grace_ms" BIGINT NOT NULL DEFAULT 0,
    "done_at" TIMESTAMPTZ(3),
    "done_by" TEXT,
    "result" TEXT,
    "note" TEXT,
    "evidence" JSONB NOT NULL DEFAULT '[]',
    "overdue_at" TIMESTAMPTZ(3),
    "escalation" INTEGER NOT NULL DEFAULT 0,
    "dedupe_key" TEXT NOT NULL,

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- 巡检计划.
CREATE TABLE "patrol_plan" (
    "id" TEXT NOT NULL,
    "tenant_id" TEXT NOT NULL,
    "name_zh" TEXT NOT NULL,
    "name_en" TEXT NOT NULL,
    "asset_id" TEXT,
    "zone_id" TEXT,
    "route" TEXT,
    "schedule" JSONB NOT NULL,
    "grace_ms" BIGINT NOT NULL,
    "owner_org_id" TEXT NOT NULL,
    "owner_person_id" TEXT,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,
    "valid_to" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "ended_by" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "patrol_plan_pkey" PRIMARY KEY ("id")
);

-- 短信模板, one row a version. Append-only: a change of the text or of the provider's decision is a new version.
CREATE TABLE "sms_template" (
    "id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "sign" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "allows_link" BOOLEAN NOT NULL DEFAULT false,
    "provider_code" TEXT NOT NULL,
    "approval" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_by" TEXT NOT NULL,

    CONSTRAINT "sms_template_pkey" PRIMARY KEY ("id")
);

-- An address that its provider has closed for a while.
CREATE TABLE "channel_block" (
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "blocked_until" TIMESTAMPTZ(3) NOT NULL,
    "code" TEXT NOT NULL,

    CONSTRAINT "channel_block_pkey" PRIMARY KEY ("channel", "address")
);

ALTER TABLE "organisation" ADD COLUMN "phone" TEXT, ADD COLUMN "robot" TEXT;
ALTER TABLE "person" ADD COLUMN "phone" TEXT;

ALTER TABLE "notice"
    ADD COLUMN "task_id" TEXT,
    ADD COLUMN "lane" TEXT NOT NULL DEFAULT 'plain',
    ADD COLUMN "acknowledged_at" TIMESTAMPTZ(3),
    ADD COLUMN "acknowledged_by" TEXT,
    ADD COLUMN "channel_step" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "channel_step_at" TIMESTAMPTZ(3);

-- A delivery without notice is a digest: it says how many notices wait in the inbox; its members name it.
ALTER TABLE "delivery"
    ALTER COLUMN "notice_id" DROP NOT NULL,
    ADD COLUMN "org_id" TEXT,
    ADD COLUMN "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "provider_id" TEXT,
    ADD COLUMN "digest_id" TEXT,
    ADD COLUMN "counts" JSONB,
    ADD COLUMN "due_at" TIMESTAMPTZ(3),
    ADD COLUMN "query_at" TIMESTAMPTZ(3),
    ADD COLUMN "queries" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "delivered_at" TIMESTAMPTZ(3),
    ADD COLUMN "opened_at" TIMESTAMPTZ(3),
    ADD COLUMN "acknowledged_at" TIMESTAMPTZ(3),
    ADD COLUMN "failed_at" TIMESTAMPTZ(3),
    ADD COLUMN "unknown_at" TIMESTAMPTZ(3);

CREATE UNIQUE INDEX "task_dedupe_key_key" ON "task"("dedupe_key");
CREATE UNIQUE INDEX "task_tenant_id_id_key" ON "task"("tenant_id", "id");
CREATE INDEX "task_owner_org_id_due_at_id_idx" ON "task"("owner_org_id", "due_at", "id");
CREATE INDEX "task_asset_id_idx" ON "task"("asset_id");
CREATE INDEX "task_hazard_id_idx" ON "task"("hazard_id");
CREATE UNIQUE INDEX "patrol_plan_tenant_id_id_key" ON "patrol_plan"("tenant_id", "id");
CREATE UNIQUE INDEX "sms_template_channel_kind_language_version_key" ON "sms_template"("channel", "kind", "language", "version");
CREATE INDEX "delivery_digest_id_idx" ON "delivery"("digest_id");
CREATE INDEX "delivery_channel_address_created_at_idx" ON "delivery"("channel", "address", "created_at");
CREATE INDEX task_open ON task (due_at, id) WHERE done_at IS NULL;
CREATE INDEX notice_step ON notice (channel_step_at) WHERE channel_step_at IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'collecting';
CREATE INDEX delivery_query ON delivery (query_at) WHERE query_at IS NOT NULL;
CREATE UNIQUE INDEX delivery_collecting ON delivery (channel, address) WHERE state = 'collecting';

ALTER TABLE "task" ADD CONSTRAINT "task_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "task" ADD CONSTRAINT "task_owner_org_id_fkey" FOREIGN KEY ("owner_org_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "task" ADD CONSTRAINT "task_owner_person_id_fkey" FOREIGN KEY ("owner_person_id") REFERENCES "person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "task" ADD CONSTRAINT "task_tenant_id_hazard_id_fkey" FOREIGN KEY ("tenant_id", "hazard_id") REFERENCES "hazard"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "task" ADD CONSTRAINT "task_tenant_id_asset_id_fkey" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "asset"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "patrol_plan" ADD CONSTRAINT "patrol_plan_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "patrol_plan" ADD CONSTRAINT "patrol_plan_owner_org_id_fkey" FOREIGN KEY ("owner_org_id") REFERENCES "organisation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "patrol_plan" ADD CONSTRAINT "patrol_plan_owner_person_id_fkey" FOREIGN KEY ("owner_person_id") REFERENCES "person"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "patrol_plan" ADD CONSTRAINT "patrol_plan_zone_id_fkey" FOREIGN KEY ("zone_id") REFERENCES "zone"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "patrol_plan" ADD CONSTRAINT "patrol_plan_tenant_id_asset_id_fkey" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "asset"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "notice" ADD CONSTRAINT "notice_tenant_id_task_id_fkey" FOREIGN KEY ("tenant_id", "task_id") REFERENCES "task"("tenant_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_digest_id_fkey" FOREIGN KEY ("digest_id") REFERENCES "delivery"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE task ADD CONSTRAINT task_done CHECK ((done_at IS NULL) = (done_by IS NULL) AND (done_at IS NULL) = (result IS NULL));
ALTER TABLE delivery ADD CONSTRAINT delivery_is_notice_or_digest CHECK ((notice_id IS NULL) = (counts IS NOT NULL));

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sms_template FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON sms_template FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['task', 'patrol_plan', 'sms_template', 'channel_block'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY service ON %I USING ((SELECT pw_scope()) = ''service'')', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO parkwarden_app', t);
  END LOOP;
  -- An enterprise sees what it has to do, not what others have to do about it.
  FOREACH t IN ARRAY ARRAY['task', 'patrol_plan'] LOOP
    EXECUTE format('CREATE POLICY readers ON %I FOR SELECT USING (
      (SELECT pw_scope()) = ''park'' OR ((SELECT pw_scope()) = ''tenant'' AND owner_org_id = (SELECT pw_tenant())))', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['sms_template', 'channel_block'] LOOP
    EXECUTE format('CREATE POLICY readers ON %I FOR SELECT USING ((SELECT pw_scope()) = ''park'')', t);
  END LOOP;
END $$;

-- A regulator reads the notices to it for as long as it has a grant for the tenant.
DROP POLICY readers ON notice;
CREATE POLICY readers ON notice FOR SELECT USING (
  (SELECT pw_scope()) = 'park'
  OR ((SELECT pw_scope()) = 'tenant' AND recipient_org_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope()) = 'grant' AND recipient_org_id = (SELECT pw_tenant()) AND tenant_id IN (SELECT pw_granted())));
-- To whom the notice is addressed: itself.
CREATE POLICY own ON organisation FOR SELECT USING ((SELECT pw_scope()) = 'grant' AND id = (SELECT pw_tenant()));
