-- Responsibility rules, due dates of inspections, and what a report says in the fields of its type.

ALTER TABLE hazard_report ADD COLUMN fields jsonb;
ALTER TABLE hazard_report ADD COLUMN source integer CHECK (source BETWEEN 1 AND 10);

-- Who answers for what. A rule is never edited: it is ended, and another one takes its place.
CREATE TABLE responsibility_rule (
  id          text NOT NULL,
  tenant_id   text NOT NULL,
  zone_id     text,
  unit_id     text,
  asset_id    text,
  asset_kind  text,
  hazard_type text,
  grade       text,
  category    integer CHECK (category BETWEEN 1 AND 3),
  person_id   text NOT NULL,
  department  text,
  valid_from  timestamptz(3) NOT NULL,
  valid_to    timestamptz(3),
  recorded_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  recorded_by text NOT NULL,
  ended_by    text,
  CONSTRAINT responsibility_rule_pkey PRIMARY KEY (id),
  CHECK (valid_to IS NULL OR valid_to >= valid_from),
  CHECK ((valid_to IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX responsibility_rule_tenant_id_id_key ON responsibility_rule (tenant_id, id);
CREATE INDEX responsibility_rule_tenant_id_valid_from_idx ON responsibility_rule (tenant_id, valid_from);
ALTER TABLE responsibility_rule ADD CONSTRAINT responsibility_rule_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES organisation (id) ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE responsibility_rule ADD CONSTRAINT responsibility_rule_zone_id_fkey FOREIGN KEY (zone_id) REFERENCES zone (id) ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE responsibility_rule ADD CONSTRAINT responsibility_rule_tenant_id_unit_id_fkey FOREIGN KEY (tenant_id, unit_id) REFERENCES unit (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE responsibility_rule ADD CONSTRAINT responsibility_rule_tenant_id_asset_id_fkey FOREIGN KEY (tenant_id, asset_id) REFERENCES asset (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE responsibility_rule ADD CONSTRAINT responsibility_rule_person_id_fkey FOREIGN KEY (person_id) REFERENCES person (id) ON DELETE RESTRICT ON UPDATE CASCADE;

-- The only change that a rule knows is its end, once.
CREATE FUNCTION pw_rule_ends_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL
     AND (to_jsonb(NEW) - ARRAY['valid_to', 'ended_by']) = (to_jsonb(OLD) - ARRAY['valid_to', 'ended_by']) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a rule of % can only be ended', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ends_only BEFORE UPDATE ON responsibility_rule FOR EACH ROW EXECUTE FUNCTION pw_rule_ends_only();
CREATE TRIGGER append_only BEFORE DELETE ON responsibility_rule FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON responsibility_rule FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

-- Until when an inspection is good. The newest of an asset and kind counts; each supersedes the one before it.
CREATE TABLE asset_inspection (
  id            text NOT NULL,
  tenant_id     text NOT NULL,
  asset_id      text NOT NULL,
  -- domain/inspections InspectionKind
  kind          text NOT NULL,
  -- 1 for the first of its asset and kind.
  seq           integer NOT NULL CHECK (seq >= 1),
  due_at        timestamptz(3) NOT NULL,
  certificate   text,
  recorded_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  recorded_by   text NOT NULL,
  CONSTRAINT asset_inspection_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX asset_inspection_tenant_id_id_key ON asset_inspection (tenant_id, id);
CREATE UNIQUE INDEX asset_inspection_asset_id_kind_seq_key ON asset_inspection (asset_id, kind, seq);
ALTER TABLE asset_inspection ADD CONSTRAINT asset_inspection_tenant_id_asset_id_fkey FOREIGN KEY (tenant_id, asset_id) REFERENCES asset (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON asset_inspection FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON asset_inspection FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['responsibility_rule', 'asset_inspection'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY service ON %I USING ((SELECT pw_scope()) = ''service'')', t);
  END LOOP;
END $$;
CREATE POLICY readers ON responsibility_rule FOR SELECT USING (
  (SELECT pw_scope()) = 'park' OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant())));
CREATE POLICY readers ON asset_inspection FOR SELECT USING (
  (SELECT pw_scope()) IN ('park', 'plant')
  OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope()) = 'grant' AND tenant_id IN (SELECT pw_granted())));

GRANT SELECT, INSERT, UPDATE, DELETE ON responsibility_rule, asset_inspection TO parkwarden_app;
