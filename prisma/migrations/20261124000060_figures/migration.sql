-- Figures, the weekly running-effect score, and the list of cases at scale.

-- ---- what figures and lists know of a case (domain/figures.ts CaseFacts) ----

CREATE TABLE hazard_figure (
  hazard_id            text NOT NULL,
  tenant_id            text NOT NULL,
  type                 text NOT NULL,
  first_dispatched_at  timestamptz(3),
  -- The acceptance in force; null before it and after a reopening.
  accepted_at          timestamptz(3),
  ever_accepted        boolean NOT NULL DEFAULT false,
  -- Over all cycles that were accepted: acceptance - first dispatch of the cycle.
  rectified_ms         bigint,
  -- Decisions of a review: acceptances, rejections, acceptances of a part.
  reviews              integer NOT NULL DEFAULT 0,
  reopenings           integer NOT NULL DEFAULT 0,
  extensions           integer NOT NULL DEFAULT 0,
  ever_overdue         boolean NOT NULL DEFAULT false,
  highest_supervision  integer NOT NULL DEFAULT 0,
  -- The acceptance of the case of the same type at the same enterprise that this one came after, as known at its report or last grading.
  recurs_after         timestamptz(3),
  CONSTRAINT hazard_figure_pkey PRIMARY KEY (hazard_id),
  CONSTRAINT hazard_figure_tenant_id_hazard_id_fkey FOREIGN KEY (tenant_id, hazard_id) REFERENCES hazard (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX hazard_figure_tenant_id_hazard_id_key ON hazard_figure (tenant_id, hazard_id);
CREATE INDEX hazard_figure_tenant_id_type_accepted_at_idx ON hazard_figure (tenant_id, type, accepted_at);
CREATE INDEX hazard_figure_accepted_at_idx ON hazard_figure (accepted_at);

-- Reckoned anew from the transitions of the case, so that it does not matter in what order or how often they come.
CREATE FUNCTION pw_case_figure(of_hazard text, graded boolean) RETURNS void LANGUAGE sql AS $$
  WITH t AS (
    SELECT seq, cycle, command, server_at, payload FROM hazard_transition
    WHERE hazard_id = of_hazard AND seq IS NOT NULL AND command IN ('dispatch', 'accept', 'acceptItems', 'reject', 'reopen', 'breach', 'supervise', 'decideExtension')
  ), c AS (
    SELECT cycle, min(server_at) FILTER (WHERE command = 'dispatch') AS dispatched_at, max(server_at) FILTER (WHERE command = 'accept') AS accepted_at FROM t GROUP BY cycle
  )
  INSERT INTO hazard_figure AS f (hazard_id, tenant_id, type, first_dispatched_at, accepted_at, ever_accepted, rectified_ms, reviews, reopenings, extensions, ever_overdue, highest_supervision, recurs_after)
  SELECT h.id, h.tenant_id, h.type,
    (SELECT min(dispatched_at) FROM c),
    (SELECT CASE WHEN command = 'accept' THEN server_at END FROM t WHERE command IN ('accept', 'reopen') ORDER BY seq DESC LIMIT 1),
    EXISTS (SELECT FROM t WHERE command = 'accept'),
    (SELECT sum(round(extract(epoch FROM accepted_at - dispatched_at) * 1000))::bigint FROM c WHERE accepted_at IS NOT NULL),
    (SELECT count(*) FROM t WHERE command IN ('accept', 'acceptItems', 'reject')),
    (SELECT count(*) FROM t WHERE command = 'reopen'),
    (SELECT count(*) FROM t WHERE command = 'decideExtension' AND payload->>'granted' = 'true'),
    EXISTS (SELECT FROM t WHERE command = 'breach' AND payload->>'deadline' IN ('rectify', 'item')),
    (SELECT coalesce(max((payload->>'level')::int), 0) FROM t WHERE command = 'supervise'),
    (SELECT max(p.accepted_at) FROM hazard_figure p WHERE p.tenant_id = h.tenant_id AND p.type = h.type AND p.accepted_at <= h.reported_at AND p.hazard_id <> h.id)
  FROM hazard h WHERE h.id = of_hazard
  ON CONFLICT (hazard_id) DO UPDATE SET type = excluded.type, first_dispatched_at = excluded.first_dispatched_at, accepted_at = excluded.accepted_at, ever_accepted = excluded.ever_accepted,
    rectified_ms = excluded.rectified_ms, reviews = excluded.reviews, reopenings = excluded.reopenings, extensions = excluded.extensions, ever_overdue = excluded.ever_overdue,
    highest_supervision = excluded.highest_supervision, recurs_after = CASE WHEN graded THEN excluded.recurs_after ELSE f.recurs_after END
$$;

CREATE FUNCTION pw_hazard_figure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pw_case_figure(NEW.hazard_id, NEW.command IN ('open', 'triage'));
  RETURN NULL;
END $$;
CREATE TRIGGER figure AFTER INSERT ON hazard_transition FOR EACH ROW
  WHEN (NEW.seq IS NOT NULL AND NEW.command IN ('open', 'triage', 'dispatch', 'accept', 'acceptItems', 'reject', 'reopen', 'breach', 'supervise', 'decideExtension'))
  EXECUTE FUNCTION pw_hazard_figure();

ALTER TABLE hazard_figure ENABLE ROW LEVEL SECURITY;
ALTER TABLE hazard_figure FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON hazard_figure USING ((SELECT pw_scope()) = 'service');
-- The questions about the scope are whole subqueries: so the planner takes a reader to see much, and walks a list in its order
-- instead of sorting all of it.
CREATE POLICY readers ON hazard_figure FOR SELECT USING (
  (SELECT pw_scope() = 'park')
  OR ((SELECT pw_scope() = 'tenant') AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope() = 'grant') AND tenant_id IN (SELECT pw_granted())));
ALTER POLICY readers ON hazard USING (
  (SELECT pw_scope() = 'park')
  OR ((SELECT pw_scope() = 'tenant') AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope() = 'grant') AND tenant_id IN (SELECT pw_granted())));
GRANT SELECT, INSERT, UPDATE, DELETE ON hazard_figure TO parkwarden_app;

-- Cases that are there already, in the order in which they were reported.
SELECT set_config('pw.scope', 'service', true);
SELECT pw_case_figure(id, true) FROM (SELECT id FROM hazard ORDER BY reported_at) h;

-- ---- 运行效果: one row per enterprise and week, never changed ----

CREATE TABLE running_effect (
  id           text NOT NULL,
  tenant_id    text NOT NULL,
  -- Monday of the week that is judged, YYYY-MM-DD in Asia/Shanghai.
  week         text NOT NULL,
  score        double precision NOT NULL,
  veto         boolean NOT NULL,
  -- domain/running-effect.ts RunningEffect: inputs, every deduction, the records behind it.
  detail       jsonb NOT NULL,
  computed_at  timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT running_effect_pkey PRIMARY KEY (id),
  CONSTRAINT running_effect_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES organisation (id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX running_effect_tenant_id_week_key ON running_effect (tenant_id, week);
CREATE INDEX running_effect_week_idx ON running_effect (week);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON running_effect FOR EACH ROW EXECUTE FUNCTION pw_append_only();
CREATE TRIGGER append_only_t BEFORE TRUNCATE ON running_effect FOR EACH STATEMENT EXECUTE FUNCTION pw_append_only();
ALTER TABLE running_effect ENABLE ROW LEVEL SECURITY;
ALTER TABLE running_effect FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON running_effect USING ((SELECT pw_scope()) = 'service');
CREATE POLICY readers ON running_effect FOR SELECT USING ((SELECT pw_scope()) = 'park' OR ((SELECT pw_scope()) = 'tenant' AND tenant_id = (SELECT pw_tenant())));
GRANT SELECT, INSERT, UPDATE, DELETE ON running_effect TO parkwarden_app;

-- ---- the list ----

-- A list reads many rows and no snapshot: the snapshot lies beside the row, and nothing else of the row does.
ALTER TABLE hazard SET (toast_tuple_target = 1024);
DO $$
DECLARE
  c text;
BEGIN
  FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 'hazard'::regclass AND attnum > 0 AND NOT attisdropped AND attstorage = 'x' AND attname <> 'snapshot' LOOP
    EXECUTE format('ALTER TABLE hazard ALTER COLUMN %I SET STORAGE MAIN', c);
  END LOOP;
END $$;
-- All that lists filter by, in their order: a filter that takes few of 100,000 cases walks this and not the rows.
CREATE INDEX hazard_list ON hazard (reported_at DESC, id DESC) INCLUDE (tenant_id, type, grade, state, asset_id, overdue, supervision, needs_owner, closed_at, due_at);
CREATE INDEX hazard_tenant_reported ON hazard (tenant_id, reported_at DESC, id DESC);
CREATE INDEX hazard_due ON hazard (coalesce(due_at, 'infinity'::timestamptz), id);

-- ---- free text ----

-- All characters and all pairs of neighbours: Chinese words are mostly of two characters, which trigrams do not find.
CREATE FUNCTION pw_grams(t text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT g), '{}') FROM generate_series(1, length(t)) i, LATERAL (VALUES (substr(t, i, 1)), (substr(t, i, 2))) v(g) $$;

-- Written once with the case, and not again with each of its transitions.
CREATE TABLE hazard_search (
  hazard_id  text NOT NULL,
  tenant_id  text NOT NULL,
  search     text NOT NULL,
  CONSTRAINT hazard_search_pkey PRIMARY KEY (hazard_id),
  CONSTRAINT hazard_search_tenant_id_hazard_id_fkey FOREIGN KEY (tenant_id, hazard_id) REFERENCES hazard (tenant_id, id) ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX hazard_search_tenant_id_hazard_id_key ON hazard_search (tenant_id, hazard_id);
CREATE INDEX hazard_search_grams ON hazard_search USING gin (pw_grams(search));

CREATE FUNCTION pw_hazard_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO hazard_search (hazard_id, tenant_id, search) VALUES (NEW.id, NEW.tenant_id, lower(concat_ws(' ', NEW.number, NEW.title, NEW.description)))
    ON CONFLICT (hazard_id) DO UPDATE SET search = excluded.search;
  RETURN NULL;
END $$;
CREATE TRIGGER search AFTER INSERT OR UPDATE OF number, title, description ON hazard FOR EACH ROW EXECUTE FUNCTION pw_hazard_search();
INSERT INTO hazard_search (hazard_id, tenant_id, search) SELECT id, tenant_id, lower(concat_ws(' ', number, title, description)) FROM hazard;

ALTER TABLE hazard_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE hazard_search FORCE ROW LEVEL SECURITY;
CREATE POLICY service ON hazard_search USING ((SELECT pw_scope()) = 'service');
CREATE POLICY readers ON hazard_search FOR SELECT USING (
  (SELECT pw_scope() = 'park')
  OR ((SELECT pw_scope() = 'tenant') AND tenant_id = (SELECT pw_tenant()))
  OR ((SELECT pw_scope() = 'grant') AND tenant_id IN (SELECT pw_granted())));
GRANT SELECT, INSERT, UPDATE, DELETE ON hazard_search TO parkwarden_app;

-- Cases with these words, for whoever may see the whole park; null where they are more than `most`. Row-level security keeps
-- text operators from every index, so the index is asked here, with the rights of the owner.
CREATE FUNCTION pw_find_hazards(words text, most integer) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET pw.scope = 'service' AS $$
  SELECT CASE WHEN count(*) <= most THEN coalesce(array_agg(hazard_id), '{}') END
  FROM (SELECT hazard_id FROM hazard_search WHERE pw_grams(search) @> pw_grams(words) AND strpos(search, words) > 0 LIMIT most + 1) found $$;
REVOKE ALL ON FUNCTION pw_find_hazards(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pw_find_hazards(text, integer) TO parkwarden_app;
