-- 归档包: the JSON file is there with the row; its readable document follows, once. Nothing else of a row can change.
CREATE FUNCTION pw_package_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.pdf_sha256 IS NULL AND NEW.pdf_sha256 IS NOT NULL
    AND to_jsonb(NEW) - 'pdf_sha256' - 'pdf_bytes' = to_jsonb(OLD) - 'pdf_sha256' - 'pdf_bytes' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER append_only ON archive_package;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON archive_package FOR EACH ROW EXECUTE FUNCTION pw_package_append_only();
ALTER TABLE archive_package
  ADD CONSTRAINT archive_package_pdf CHECK ((pdf_sha256 IS NULL) = (pdf_bytes IS NULL)),
  ADD CONSTRAINT archive_package_hashes CHECK (json_sha256 ~ '^[0-9a-f]{64}$' AND chain_head ~ '^[0-9a-f]{64}$' AND pdf_sha256 ~ '^[0-9a-f]{64}$');
