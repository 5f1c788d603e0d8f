/** 责任规则: who of an enterprise answers for what. A rule is recorded and ended, never edited. */
import type pg from 'pg';
import { z } from 'zod';
import type { RuleRow } from '../../prisma/responsibility.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { EndRuleBody, ResponsibilityRule, RuleBody, RuleList, RuleQuery } from '../schemas/triage.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRefs, personRefs, refOf } from '../views/refs.ts';

const tag = 'triage';
type Row = RuleRow & { recorded_at: Date; recorded_by: string; ended_by: string | null };

const ruleView = (r: Row, orgs: Map<string, Ref>, people: Map<string, Ref>) => ({
  id: r.id, tenant: refOf(orgs, r.tenant_id)!, person: refOf(people, r.person_id)!, department: r.department, zoneId: r.zone_id, unitId: r.unit_id, assetId: r.asset_id, assetKind: r.asset_kind,
  hazardType: r.hazard_type, grade: r.grade, category: r.category, validFrom: iso(r.valid_from), validTo: isoOrNull(r.valid_to), recordedAt: iso(r.recorded_at), recordedBy: refOf(people, r.recorded_by)!,
  endedBy: refOf(people, r.ended_by),
});

const view = async (deps: ApiDeps, session: SignedIn, rows: readonly Row[]) => {
  const orgs = await asActor(deps.database, session, (client) => orgRefs(client, rows.map((r) => r.tenant_id)));
  const people = await personRefs(deps.database, rows.flatMap((r) => [r.person_id, r.recorded_by, r.ended_by]));
  return rows.map((r) => ruleView(r, orgs, people));
};

const listRules = route({
  method: 'get', path: '/api/v1/responsibility-rules', tag, summary: 'Responsibility rules, newest first 责任规则', access: 'responsibility.read', query: RuleQuery, response: RuleList,
  handle: async ({ query: q, session, deps }) => {
    const after = decodeCursor(timeCursor, q.cursor);
    const { rows: found } = await asActor(deps.database, session, (client) =>
      client.query<Row>(
        `SELECT * FROM responsibility_rule WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::boolean IS NULL OR (valid_from <= now() AND (valid_to IS NULL OR valid_to > now())) = $2)
           AND ($3::timestamptz IS NULL OR (recorded_at, id) < ($3, $4)) ORDER BY recorded_at DESC, id DESC LIMIT $5`,
        [q.tenantId ?? null, q.inForce ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
      ),
    );
    const { rows, nextCursor } = paged(found, q.limit, (r) => [r.recorded_at.toISOString(), r.id]);
    return { body: { items: await view(deps, session, rows), nextCursor } };
  },
});

/** Whose rules these are: an enterprise's own, or those of the enterprise that the park names. What one may not see does not exist. */
const tenantOf = (session: SignedIn, given: string | undefined): string => {
  const { actor } = session;
  if (actor.orgKind !== 'enterprise') {
    if (!given) throw new Refused('hazard.tenant_required', { field: 'tenantId' });
    return given;
  }
  if (given && given !== actor.orgId) throw new Refused('hazard.tenant_invalid', { field: 'tenantId' });
  return actor.orgId;
};

const exists = async (client: pg.ClientBase, sql: string, values: unknown[]): Promise<boolean> => (await client.query(sql, values)).rowCount !== 0;

/** Ends a rule from an instant on; one that has not begun yet never begins. */
const END = `UPDATE responsibility_rule SET valid_to = greatest(valid_from, $2::timestamptz), ended_by = $3 WHERE id = $1 AND valid_to IS NULL RETURNING *`;

const createRule = route({
  method: 'post', path: '/api/v1/responsibility-rules', tag, summary: 'Record a rule, in the place of another if so named 新增责任规则', access: 'responsibility.manage', idempotent: true, body: RuleBody, response: ResponsibilityRule, statuses: [201],
  refusals: ['hazard.tenant_required', 'hazard.tenant_invalid', 'responsibility.person_invalid', 'responsibility.not_found', 'responsibility.ended'],
  handle: async ({ body, session, deps, commandId }) => {
    const tenantId = tenantOf(session, body.tenantId);
    const row = await asService(deps.database, async (client) => {
      const known = await client.query<Row>('SELECT * FROM responsibility_rule WHERE id = $1', [commandId]);
      if (known.rows[0]) return known.rows[0];
      if (!(await exists(client, "SELECT FROM organisation WHERE id = $1 AND kind = 'enterprise'", [tenantId]))) throw new Refused('hazard.tenant_invalid', { field: 'tenantId' });
      if (!(await exists(client, "SELECT FROM membership WHERE org_id = $1 AND person_id = $2 AND role = 'enterprise_safety_officer'", [tenantId, body.personId]))) throw new Refused('responsibility.person_invalid', { field: 'personId' });
      const wrong: string[] = [];
      if (body.zoneId && !(await exists(client, 'SELECT FROM zone WHERE id = $1', [body.zoneId]))) wrong.push('zoneId');
      if (body.unitId && !(await exists(client, 'SELECT FROM unit WHERE id = $1 AND tenant_id = $2', [body.unitId, tenantId]))) wrong.push('unitId');
      if (body.assetId && !(await exists(client, 'SELECT FROM asset WHERE id = $1 AND tenant_id = $2', [body.assetId, tenantId]))) wrong.push('assetId');
      const now = new Date();
      // A rule never reaches back: who answered for what yesterday is a matter of record.
      if (body.validFrom && Date.parse(body.validFrom) < now.getTime() - 60_000) wrong.push('validFrom');
      if (wrong.length > 0) {
        const errors = wrong.map((field) => ({ field, code: 'request.invalid', messageZh: field === 'validFrom' ? '不得早于现在' : '未找到', messageEn: field === 'validFrom' ? 'is in the past' : 'There is none' }));
        throw new Refused('request.invalid', { field: wrong[0]!, detail: { errors } });
      }
      const validFrom = body.validFrom ? new Date(body.validFrom) : now;
      if (body.supersedes) {
        const { rows } = await client.query<Row>('SELECT * FROM responsibility_rule WHERE id = $1 AND tenant_id = $2 FOR UPDATE', [body.supersedes, tenantId]);
        if (!rows[0]) throw new Refused('responsibility.not_found', { field: 'supersedes' });
        if (rows[0].valid_to) throw new Refused('responsibility.ended', { field: 'supersedes' });
        await client.query(END, [body.supersedes, validFrom, session.actor.personId]);
      }
      const { rows } = await client.query<Row>(
        `INSERT INTO responsibility_rule (id, tenant_id, zone_id, unit_id, asset_id, asset_kind, hazard_type, grade, category, person_id, department, valid_from, recorded_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING *`,
        [
          commandId, tenantId, body.zoneId ?? null, body.unitId ?? null, body.assetId ?? null, body.assetKind ?? null, body.hazardType ?? null, body.grade ?? null, body.category ?? null, body.personId,
          body.department?.trim() || null, validFrom, session.actor.personId,
        ],
      );
      await audit.responsibilityRule(client, { personId: session.actor.personId, ruleId: commandId, tenantId, outcome: 'recorded', responsibleId: body.personId, supersedes: body.supersedes ?? null });
      return rows[0]!;
    });
    return { status: 201, body: (await view(deps, session, [row]))[0]! };
  },
});

const endRule = route({
  method: 'post', path: '/api/v1/responsibility-rules/{id}/end', tag, summary: 'End a rule now 终止责任规则', access: 'responsibility.manage', idempotent: true, params: z.object({ id }), body: EndRuleBody, response: ResponsibilityRule,
  refusals: ['responsibility.not_found', 'responsibility.ended'],
  handle: async ({ params: p, session, deps, keep }) => {
    const { rows: seen } = await asActor(deps.database, session, (client) => client.query<Row>('SELECT * FROM responsibility_rule WHERE id = $1', [p.id]));
    if (!seen[0]) throw new Refused('responsibility.not_found');
    if (seen[0].valid_to) throw new Refused('responsibility.ended');
    const people = await personRefs(deps.database, [seen[0].person_id, seen[0].recorded_by, session.actor.personId]);
    const orgs = await asActor(deps.database, session, (client) => orgRefs(client, [seen[0]!.tenant_id]));
    const body = await asService(deps.database, async (client) => {
      const { rows } = await client.query<Row>(END, [p.id, new Date(), session.actor.personId]);
      if (!rows[0]) throw new Refused('responsibility.ended');
      await audit.responsibilityRule(client, { personId: session.actor.personId, ruleId: p.id, tenantId: rows[0].tenant_id, outcome: 'ended', responsibleId: rows[0].person_id, supersedes: null });
      const ended = ruleView(rows[0], orgs, people);
      await keep(client, 200, ended);
      return ended;
    });
    return { body };
  },
});

export const responsibilityRoutes = [listRules, createRule, endRule];
