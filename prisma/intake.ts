/**
 * 受理: a report becomes a row, finds its case and tells the case's workflow, all in the caller's transaction. Used by the
 * API (people), the flow gateway (flows) and the statutory floor. Nothing here starts a workflow: the outbox does.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { HazardReport } from '../domain/hazard.ts';
import { defaultSource } from '../domain/exchange.ts';
import { joins } from '../domain/merge.ts';
import type { ParkPolicy } from '../domain/policy.ts';
import { addToOutbox } from './outbox.ts';

export interface IntakeResult {
  hazardId: string;
  reportId: string;
  /** The report joined a case that was open already. */
  joined: boolean;
  /** The same dedupe key was taken in before; this is that report. */
  duplicate: boolean;
}

export interface IntakeInput {
  tenantId: string;
  /** One report per key, whatever is retried. */
  dedupeKey: string;
  report: Omit<HazardReport, 'reportId'>;
  policy: ParkPolicy;
}

export const takeReport = async (client: pg.ClientBase, input: IntakeInput): Promise<IntakeResult> => {
  const { tenantId, dedupeKey, policy } = input;
  // One report of an asset at a time: two at once must find each other's case.
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`intake/${input.report.assetId ?? dedupeKey}`]);
  const { rows: known } = await client.query<{ id: string; hazard_id: string }>('SELECT id, hazard_id FROM hazard_report WHERE dedupe_key = $1', [dedupeKey]);
  if (known[0]) return { hazardId: known[0].hazard_id, reportId: known[0].id, joined: false, duplicate: true };

  const report: HazardReport = { ...input.report, reportId: randomUUID() };
  const open = report.assetId ? await findOpenCase(client, tenantId, report.assetId, report, policy.mergeWindowMs) : null;
  const hazardId = open ?? randomUUID();
  await insertReport(client, hazardId, tenantId, dedupeKey, report);
  await tellCase(client, hazardId, tenantId, report);
  return { hazardId, reportId: report.reportId, joined: open !== null, duplicate: false };
};

/**
 * A report that only adds to what is open: joins the newest open case of its asset, of whatever type, or gives null and
 * leaves nothing behind.
 */
export const joinOpenCase = async (client: pg.ClientBase, input: Omit<IntakeInput, 'policy'>): Promise<IntakeResult | null> => {
  const { tenantId, dedupeKey } = input;
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`intake/${input.report.assetId ?? dedupeKey}`]);
  const { rows: known } = await client.query<{ id: string; hazard_id: string }>('SELECT id, hazard_id FROM hazard_report WHERE dedupe_key = $1', [dedupeKey]);
  if (known[0]) return { hazardId: known[0].hazard_id, reportId: known[0].id, joined: true, duplicate: true };
  const { rows } = await client.query<{ hazard_id: string; type: HazardReport['type'] }>(
    `SELECT r.hazard_id, coalesce(h.type, r.type) AS type FROM hazard_report r LEFT JOIN hazard h ON h.id = r.hazard_id
     WHERE r.tenant_id = $1 AND r.asset_id = $2 AND h.closed_at IS NULL ORDER BY r.received_at DESC LIMIT 1`,
    [tenantId, input.report.assetId],
  );
  const open = rows[0];
  if (!open) return null;
  const report: HazardReport = { ...input.report, type: open.type, reportId: randomUUID() };
  await insertReport(client, open.hazard_id, tenantId, dedupeKey, report);
  await tellCase(client, open.hazard_id, tenantId, report);
  return { hazardId: open.hazard_id, reportId: report.reportId, joined: true, duplicate: false };
};

const insertReport = async (client: pg.ClientBase, hazardId: string, tenantId: string, dedupeKey: string, report: HazardReport): Promise<void> => {
  await client.query(
    `INSERT INTO hazard_report (id, tenant_id, hazard_id, origin, asset_id, zone_id, type, title, description, statutory, message, reporter_id,
       event_id, rule_id, rule_version, flow_version, node_id, point, client_at, received_at, dedupe_key, fields, source)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
    [
      report.reportId, tenantId, hazardId, report.origin, report.assetId, report.zoneId, report.type, report.title, report.description, report.statutory,
      JSON.stringify(report), report.reporterId, report.event?.eventId ?? null, report.event?.ruleId ?? null, report.event?.ruleVersion ?? null,
      report.event?.flowVersion ?? null, report.event?.nodeId ?? null, report.point ? JSON.stringify(report.point) : null,
      report.clientAt === null ? null : new Date(report.clientAt), new Date(report.receivedAt), dedupeKey,
      report.fields ? JSON.stringify(report.fields) : null, report.source ?? defaultSource(report.origin),
    ],
  );
};

/** A report reached its case after the case had closed: it opens a case of its own. Gives the id of that case. */
export const rerouteReport = async (client: pg.ClientBase, reportId: string): Promise<string> => {
  const { rows } = await client.query<{ tenant_id: string; message: HazardReport }>('SELECT tenant_id, message FROM hazard_report WHERE id = $1 FOR UPDATE', [reportId]);
  const row = rows[0];
  if (!row) throw new Error(`report ${reportId} is not on record`);
  const hazardId = randomUUID();
  await client.query('UPDATE hazard_report SET hazard_id = $2 WHERE id = $1', [reportId, hazardId]);
  await tellCase(client, hazardId, row.tenant_id, row.message);
  return hazardId;
};

/** A report of a case that was merged into another joins that other. */
export const joinCase = async (client: pg.ClientBase, reportId: string, hazardId: string): Promise<void> => {
  const { rows } = await client.query<{ tenant_id: string; message: HazardReport }>('UPDATE hazard_report SET hazard_id = $2 WHERE id = $1 RETURNING tenant_id, message', [reportId, hazardId]);
  const row = rows[0];
  if (!row) throw new Error(`report ${reportId} is not on record`);
  await tellCase(client, hazardId, row.tenant_id, row.message);
};

/**
 * A case that went to the wrong enterprise goes on as a case of the right one: a report of its own with the words and the
 * evidence of the first report, whose place and asset are left out where they are the other enterprise's.
 */
export const openSuccessor = async (client: pg.ClientBase, input: { from: string; hazardId: string; tenantId: string; usedTriageMs: number }): Promise<void> => {
  const dedupeKey = `successor/${input.from}/${input.hazardId}`;
  const { rows: known } = await client.query('SELECT FROM hazard_report WHERE dedupe_key = $1', [dedupeKey]);
  if (known.length > 0) return;
  const { rows } = await client.query<{ message: HazardReport; asset_tenant: string | null; redirected_at: Date; statutory: boolean }>(
    `SELECT r.message, a.tenant_id AS asset_tenant, h.closed_at AS redirected_at, h.statutory FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id LEFT JOIN asset a ON a.id = r.asset_id
     WHERE r.hazard_id = $1 ORDER BY r.received_at, r.id LIMIT 1`,
    [input.from],
  );
  const first = rows[0];
  if (!first) throw new Error(`case ${input.from} has no report on record`);
  const { rows: evidence } = await client.query<{ sha256: string; media_type: string; captured_at: Date | null }>(
    `SELECT sha256, media_type, captured_at FROM evidence WHERE hazard_id = $1 AND purpose = 'report' AND sha256 IS NOT NULL ORDER BY recorded_at, id`, [input.from],
  );
  const { message } = first;
  const report: HazardReport = {
    ...message,
    reportId: randomUUID(),
    assetId: first.asset_tenant === input.tenantId ? message.assetId : null,
    receivedAt: first.redirected_at.getTime(),
    // Whichever of the reports made it so.
    statutory: first.statutory,
    predecessor: { hazardId: input.from, usedTriageMs: input.usedTriageMs },
    evidence: evidence.length > 0
      ? evidence.map((e) => ({ sha256: e.sha256, mediaType: e.media_type, ...(e.captured_at ? { capturedAt: e.captured_at.getTime() } : {}) }))
      : [{ detail: { title: message.title, description: message.description } }],
  };
  await insertReport(client, input.hazardId, input.tenantId, dedupeKey, report);
  await tellCase(client, input.hazardId, input.tenantId, report);
};

const tellCase = async (client: pg.ClientBase, hazardId: string, tenantId: string, signal: HazardReport): Promise<void> => {
  await addToOutbox(client, [
    { topic: 'workflow', key: `hazard/${hazardId}/report/${signal.reportId}`, tenantId, payload: { workflow: 'hazardClosure', input: { hazardId, tenantId }, signal } },
  ]);
};

const findOpenCase = async (client: pg.ClientBase, tenantId: string, assetId: string, report: HazardReport, windowMs: number): Promise<string | null> => {
  const { rows } = await client.query<{ hazard_id: string; origin: HazardReport['origin']; type: HazardReport['type']; received_at: Date }>(
    `SELECT r.hazard_id, r.origin, r.type, r.received_at FROM hazard_report r LEFT JOIN hazard h ON h.id = r.hazard_id
     WHERE r.tenant_id = $1 AND r.asset_id = $2 AND r.received_at >= $3 AND h.closed_at IS NULL ORDER BY r.received_at DESC`,
    [tenantId, assetId, new Date(report.receivedAt - windowMs)],
  );
  return rows.find((r) => joins({ origin: r.origin, type: r.type, receivedAt: r.received_at.getTime() }, report, windowMs))?.hazard_id ?? null;
};
