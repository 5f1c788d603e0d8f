/** The responsibility rules of an enterprise as the domain reads them, and what they look at of a case. */
import type pg from 'pg';
import type { DispatchFacts, GuarantorCategory, ResponsibilityRule } from '../domain/dispatch.ts';
import { codesOf } from '../domain/exchange.ts';
import type { FieldValue, HazardGrade, HazardType } from '../domain/hazard-types.ts';

export interface RuleRow {
  id: string;
  tenant_id: string;
  zone_id: string | null;
  unit_id: string | null;
  asset_id: string | null;
  asset_kind: string | null;
  hazard_type: HazardType | null;
  grade: HazardGrade | null;
  category: GuarantorCategory | null;
  person_id: string;
  department: string | null;
  valid_from: Date;
  valid_to: Date | null;
}

export const ruleOf = (r: RuleRow): ResponsibilityRule => ({
  id: r.id, tenantId: r.tenant_id, zoneId: r.zone_id, unitId: r.unit_id, assetId: r.asset_id, assetKind: r.asset_kind, hazardType: r.hazard_type, grade: r.grade, category: r.category,
  personId: r.person_id, department: r.department, validFrom: r.valid_from.getTime(), validTo: r.valid_to?.getTime() ?? null,
});

/** The rules in force at an instant (epoch ms). */
export const loadRulesAt = async (client: pg.ClientBase | pg.Pool, tenantId: string, at: number): Promise<ResponsibilityRule[]> => {
  const { rows } = await client.query<RuleRow>(
    'SELECT * FROM responsibility_rule WHERE tenant_id = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) ORDER BY id', [tenantId, new Date(at)],
  );
  return rows.map(ruleOf);
};

/** Safety officers of an enterprise who can still sign in, or never could: whose every account is disabled has left. */
export const loadOfficers = async (client: pg.ClientBase | pg.Pool, tenantId: string): Promise<string[]> => {
  const { rows } = await client.query<{ person_id: string }>(
    `SELECT DISTINCT m.person_id FROM membership m WHERE m.org_id = $1 AND m.role = 'enterprise_safety_officer'
       AND (NOT EXISTS (SELECT FROM account a WHERE a.person_id = m.person_id) OR EXISTS (SELECT FROM account a WHERE a.person_id = m.person_id AND a.disabled_at IS NULL))
     ORDER BY m.person_id`,
    [tenantId],
  );
  return rows.map((r) => r.person_id);
};

interface FactsRow {
  tenant_id: string;
  zone_id: string | null;
  unit_id: string | null;
  asset_id: string | null;
  kind: string | null;
  type: HazardType;
  grade: HazardGrade | null;
  codes: Record<string, number> | null;
  fields: Record<string, FieldValue> | null;
}

/** Null where there is no such case of the enterprise. The 包保 category is that of the triage, else that of the first report which names one. */
export const loadDispatchFacts = async (client: pg.ClientBase | pg.Pool, tenantId: string, hazardId: string): Promise<DispatchFacts | null> => {
  const { rows } = await client.query<FactsRow>(
    `SELECT h.tenant_id, coalesce(a.zone_id, h.zone_id) AS zone_id, a.unit_id, h.asset_id, a.kind, h.type, h.grade,
       (SELECT t.payload->'codes' FROM hazard_transition t WHERE t.hazard_id = h.id AND t.command = 'triage' AND t.seq IS NOT NULL ORDER BY t.seq DESC LIMIT 1) AS codes,
       (SELECT r.fields FROM hazard_report r WHERE r.hazard_id = h.id AND r.fields ? 'category' ORDER BY r.received_at, r.id LIMIT 1) AS fields
     FROM hazard h LEFT JOIN asset a ON a.tenant_id = h.tenant_id AND a.id = h.asset_id WHERE h.id = $1 AND h.tenant_id = $2`,
    [hazardId, tenantId],
  );
  const r = rows[0];
  if (!r) return null;
  const category = codesOf(r.codes).category ?? codesOf(r.fields).category ?? null;
  return { tenantId: r.tenant_id, zoneId: r.zone_id, unitId: r.unit_id, assetId: r.asset_id, assetKind: r.kind, hazardType: r.type, grade: r.grade, category: category as DispatchFacts['category'] };
};
