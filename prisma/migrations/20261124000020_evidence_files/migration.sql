-- What a photo or video says of its own origin: a claim, never proof. Copies that others see do not carry it.
CREATE TABLE "blob_claim" (
    "sha256" TEXT NOT NULL,
    "captured_at" TIMESTAMPTZ(3),
    "captured_local" TEXT,
    "latitude" DOUBLE PRECISION,
    "longitude" DOUBLE PRECISION,
    "altitude_m" DOUBLE PRECISION,
    "camera" TEXT,
    "read_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blob_claim_pkey" PRIMARY KEY ("sha256")
);

-- Who has sent the whole of a file, and so has had it in hand.
CREATE TABLE "blob_upload" (
    "sha256" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "uploaded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blob_upload_pkey" PRIMARY KEY ("sha256", "person_id")
);

ALTER TABLE "blob_claim" ADD CONSTRAINT "blob_claim_sha256_fkey" FOREIGN KEY ("sha256") REFERENCES "blob"("sha256") ON DELETE NO ACTION ON UPDATE NO ACTION;
ALTER TABLE "blob_upload" ADD CONSTRAINT "blob_upload_sha256_fkey" FOREIGN KEY ("sha256") REFERENCES "blob"("sha256") ON DELETE NO ACTION ON UPDATE NO ACTION;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON blob_claim FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON blob_claim FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON blob_upload FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON blob_upload FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['blob_claim', 'blob_upload'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY service ON %I USING ((SELECT pw_scope()) = ''service'')', t);
  END LOOP;
END $$;
-- Where somebody stood when taking a photo may be their home: the park sees it, no enterprise and no regulator.
CREATE POLICY readers ON blob_claim FOR SELECT USING ((SELECT pw_scope()) = 'park');

GRANT SELECT, INSERT, UPDATE, DELETE ON blob_claim, blob_upload TO parkwarden_app;
