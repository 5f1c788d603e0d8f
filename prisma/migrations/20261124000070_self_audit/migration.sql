-- 自查: the signed reports of the self-audit.

CREATE TABLE audit_report (
  id          text NOT NULL,
  started_at  timestamptz(3) NOT NULL,
  -- The instant that the database was read as of.
  snapshot_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3) NOT NULL,
  outcome     text NOT NULL,
  checked     integer NOT NULL,
  violated    integer NOT NULL,
  not_checked integer NOT NULL,
  -- What is signed is its canonical JSON.
  report      jsonb NOT NULL,
  key_id      text NOT NULL,
  public_key  text NOT NULL,
  signature   text NOT NULL,
  recorded_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT audit_report_pkey PRIMARY KEY (id),
  CHECK (outcome IN ('ok', 'violated', 'not_checked'))
);
CREATE INDEX audit_report_finished_at_id_idx ON audit_report (finished_at, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_report FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON audit_report FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
-- The self-audit wants it of every table of record.
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON flow_version FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

ALTER TABLE audit_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_report FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON audit_report USING ((SELECT pw_scope()) = 'service');
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_report TO parkwarden_app;

-- What a self-audit of 100,000 cases looks up by.
CREATE INDEX notice_hazard_id_kind_issued_at_idx ON notice (hazard_id, kind, issued_at);
CREATE INDEX evidence_hazard_id_cycle_idx ON evidence (hazard_id, cycle);
