-- The transition with which a report became part of its case; null until it is on the case's record.
ALTER TABLE hazard_report ADD COLUMN recorded_seq integer;
UPDATE hazard_report r SET recorded_seq = h.seq FROM hazard h WHERE h.id = r.hazard_id AND h.snapshot->'reportIds' ? r.id;
