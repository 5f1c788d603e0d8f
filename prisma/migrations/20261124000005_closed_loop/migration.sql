-- The closed loop, whole: cycles, items, extensions, listing, merging, look-backs, and a chain of hashes per case.

ALTER TABLE hazard
  ADD COLUMN accepted_at   timestamptz(3),
  ADD COLUMN listed        boolean NOT NULL DEFAULT false,
  ADD COLUMN paused        boolean NOT NULL DEFAULT false,
  ADD COLUMN extensions    integer NOT NULL DEFAULT 0,
  ADD COLUMN report_count  integer NOT NULL DEFAULT 1,
  ADD COLUMN merged_into   text,
  ADD COLUMN predecessor_id text,
  ADD COLUMN successor_id  text,
  ADD COLUMN look_back_at  timestamptz(3),
  ADD COLUMN chain_head    text;

ALTER TABLE hazard_transition
  ADD COLUMN cycle     integer NOT NULL DEFAULT 1,
  ADD COLUMN prev_hash text,
  ADD COLUMN hash      text;
CREATE INDEX hazard_transition_server_at ON hazard_transition (server_at);
CREATE INDEX hazard_transition_command ON hazard_transition (hazard_id, command_id);

ALTER TABLE deadline
  ADD COLUMN item  text NOT NULL DEFAULT '',
  ADD COLUMN cycle integer NOT NULL DEFAULT 1;
DROP INDEX deadline_hazard_id_kind_level_started_at_key;
CREATE UNIQUE INDEX deadline_hazard_id_kind_level_item_started_at_key ON deadline (hazard_id, kind, level, item, started_at);

ALTER TABLE supervision ADD COLUMN cycle integer NOT NULL DEFAULT 1;
DROP INDEX supervision_hazard_id_level_key;
CREATE UNIQUE INDEX supervision_hazard_id_cycle_level_key ON supervision (hazard_id, cycle, level);

ALTER TABLE evidence ADD COLUMN cycle integer NOT NULL DEFAULT 1;

-- 整改项: what a case consists of, as its last transition left it.
CREATE TABLE hazard_item (
  tenant_id   text NOT NULL,
  hazard_id   text NOT NULL,
  cycle       integer NOT NULL,
  item_id     text NOT NULL,
  title       text NOT NULL,
  state       text NOT NULL,
  due_at      timestamptz(3),
  rejections  integer NOT NULL DEFAULT 0,
  CONSTRAINT hazard_item_pkey PRIMARY KEY (hazard_id, cycle, item_id),
  CONSTRAINT hazard_item_tenant_id_hazard_id_fkey FOREIGN KEY (tenant_id, hazard_id) REFERENCES hazard (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE
);
ALTER TABLE hazard_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE hazard_item FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON hazard_item USING ((SELECT pw_scope()) = 'service');
CREATE POLICY readers ON hazard_item FOR SELECT USING (
  (SELECT pw_scope()) = 'park'
  OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope()) = 'grant' AND tenant_id IN (SELECT pw_granted())));
GRANT SELECT, INSERT, UPDATE, DELETE ON hazard_item TO parkwarden_app;

-- 承包: a contractor works for an enterprise; its people count as people of that enterprise where duties are separated.
CREATE TABLE affiliation (
  id            text NOT NULL,
  contractor_id text NOT NULL,
  principal_id  text NOT NULL,
  valid_from    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  valid_to      timestamptz(3),
  CONSTRAINT affiliation_pkey PRIMARY KEY (id),
  CONSTRAINT affiliation_contractor_id_fkey FOREIGN KEY (contractor_id) REFERENCES organisation (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT affiliation_principal_id_fkey FOREIGN KEY (principal_id) REFERENCES organisation (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
ALTER TABLE affiliation ENABLE ROW LEVEL SECURITY;
ALTER TABLE affiliation FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON affiliation USING ((SELECT pw_scope()) = 'service');
CREATE POLICY readers ON affiliation FOR SELECT USING ((SELECT pw_scope()) = 'park' OR ((SELECT pw_scope()) = 'tenant' AND (contractor_id = (SELECT pw_tenant()) OR principal_id = (SELECT pw_tenant()))));
GRANT SELECT, INSERT, UPDATE, DELETE ON affiliation TO parkwarden_app;

-- 委托: a person acts for another, in that one's membership, for a time.
CREATE TABLE delegation (
  id            text NOT NULL,
  membership_id text NOT NULL,
  delegate_id   text NOT NULL,
  reason        text NOT NULL,
  starts_at     timestamptz(3) NOT NULL,
  ends_at       timestamptz(3) NOT NULL,
  created_by    text NOT NULL,
  created_at    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT delegation_pkey PRIMARY KEY (id),
  CONSTRAINT delegation_membership_id_fkey FOREIGN KEY (membership_id) REFERENCES membership (id) ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT delegation_delegate_id_fkey FOREIGN KEY (delegate_id) REFERENCES person (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
ALTER TABLE delegation ENABLE ROW LEVEL SECURITY;
ALTER TABLE delegation FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON delegation USING ((SELECT pw_scope()) = 'service');
GRANT SELECT, INSERT, UPDATE, DELETE ON delegation TO parkwarden_app;

-- 归档包: one per case cycle, its files lie in the evidence store under their hashes.
CREATE TABLE archive_package (
  id          text NOT NULL,
  tenant_id   text NOT NULL,
  hazard_id   text NOT NULL,
  cycle       integer NOT NULL,
  json_sha256 text NOT NULL,
  json_bytes  bigint NOT NULL,
  pdf_sha256  text,
  pdf_bytes   bigint,
  chain_head  text NOT NULL,
  last_seq    integer NOT NULL,
  format      text NOT NULL,
  made_at     timestamptz(3) NOT NULL,
  CONSTRAINT archive_package_pkey PRIMARY KEY (id),
  CONSTRAINT archive_package_tenant_id_hazard_id_fkey FOREIGN KEY (tenant_id, hazard_id) REFERENCES hazard (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX archive_package_hazard_id_cycle_key ON archive_package (hazard_id, cycle);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON archive_package FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON archive_package FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
ALTER TABLE archive_package ENABLE ROW LEVEL SECURITY;
ALTER TABLE archive_package FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON archive_package USING ((SELECT pw_scope()) = 'service');
CREATE POLICY readers ON archive_package FOR SELECT USING (
  (SELECT pw_scope()) = 'park'
  OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope()) = 'grant' AND tenant_id IN (SELECT pw_granted())));
GRANT SELECT, INSERT, UPDATE, DELETE ON archive_package TO parkwarden_app;
