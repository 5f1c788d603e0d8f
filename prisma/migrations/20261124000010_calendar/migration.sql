-- 法定日历: signed data of the years that terms are reckoned by, and the public keys that may sign it.

CREATE TABLE statutory_calendar_key (
  -- SHA-256 of the public key (DER), so that an id cannot name another key.
  id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  kind        text NOT NULL CHECK (kind IN ('park', 'publisher')),
  name        text NOT NULL,
  -- PEM.
  public_key  text NOT NULL,
  recorded_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  recorded_by text NOT NULL,
  -- From then on nothing that it signed counts.
  revoked_at  timestamptz(3),
  revoked_by  text,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

CREATE TABLE statutory_calendar (
  year      integer NOT NULL,
  -- The newest version of a year counts.
  version   integer NOT NULL CHECK (version >= 1),
  data      jsonb NOT NULL,
  -- Of the signed text.
  sha256    text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  signature text NOT NULL,
  key_id    text NOT NULL REFERENCES statutory_calendar_key (id),
  source    text NOT NULL,
  loaded_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  loaded_by text NOT NULL,
  PRIMARY KEY (year, version)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON statutory_calendar FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON statutory_calendar FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

-- Of a key only its revocation is ever added, once.
CREATE FUNCTION pw_calendar_key_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.revoked_at IS NULL
      AND (OLD.id, OLD.kind, OLD.name, OLD.public_key, OLD.recorded_at, OLD.recorded_by) = (NEW.id, NEW.kind, NEW.name, NEW.public_key, NEW.recorded_at, NEW.recorded_by) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'statutory_calendar_key is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON statutory_calendar_key FOR EACH ROW EXECUTE FUNCTION pw_calendar_key_kept();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON statutory_calendar_key FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();

ALTER TABLE statutory_calendar_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE statutory_calendar_key FORCE ROW LEVEL SECURITY;
ALTER TABLE statutory_calendar ENABLE ROW LEVEL SECURITY;
ALTER TABLE statutory_calendar FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON statutory_calendar_key USING ((SELECT pw_scope()) = 'service');
CREATE POLICY service ON statutory_calendar USING ((SELECT pw_scope()) = 'service');
-- The calendar is public law; who is signed in may read it, and check its signature.
CREATE POLICY readers ON statutory_calendar_key FOR SELECT USING ((SELECT pw_scope()) IN ('park', 'plant', 'tenant', 'grant'));
CREATE POLICY readers ON statutory_calendar FOR SELECT USING ((SELECT pw_scope()) IN ('park', 'plant', 'tenant', 'grant'));

GRANT SELECT, INSERT, UPDATE, DELETE ON statutory_calendar_key, statutory_calendar TO parkwarden_app;
