/** 检验到期: due dates of inspections. The newest of an asset and kind counts; at its instant a case opens by itself. */
import { z } from 'zod';
import type { InspectionKind } from '../../domain/inspections.ts';
import { recordInspection } from '../../prisma/inspections.ts';
import type { InspectionRow } from '../../prisma/inspections.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { Inspection, InspectionBody, InspectionList } from '../schemas/triage.ts';
import type { Ref } from '../views/refs.ts';
import { iso, personRefs, refOf } from '../views/refs.ts';

const params = z.object({ id });
const inspectionOf = (r: InspectionRow, people: Map<string, Ref>, superseded: boolean) => ({
  id: r.id, assetId: r.asset_id, kind: r.kind as InspectionKind, seq: r.seq, dueAt: iso(r.due_at), certificate: r.certificate, recordedAt: iso(r.recorded_at), recordedBy: refOf(people, r.recorded_by)!, superseded,
});

const listInspections = route({
  method: 'get', path: '/api/v1/assets/{id}/inspections', tag: 'triage', summary: 'Due dates of inspections of an asset, newest first 设备检验记录', access: 'registry.read', params, response: InspectionList,
  handle: async ({ params: p, session, deps }) => {
    const rows = await asActor(deps.database, session, async (client) => {
      if ((await client.query('SELECT FROM asset WHERE id = $1', [p.id])).rowCount === 0) return null;
      return (await client.query<InspectionRow>('SELECT * FROM asset_inspection WHERE asset_id = $1 ORDER BY kind, seq DESC', [p.id])).rows;
    });
    if (!rows) throw new Refused('request.not_found');
    const people = await personRefs(deps.database, rows.map((r) => r.recorded_by));
    return { body: { items: rows.map((r, i) => inspectionOf(r, people, rows[i - 1]?.kind === r.kind)) } };
  },
});

const createInspection = route({
  method: 'post', path: '/api/v1/assets/{id}/inspections', tag: 'triage', summary: 'Record until when an inspection is good; supersedes the one before 登记检验有效期', access: 'inspection.record', idempotent: true, params, body: InspectionBody,
  response: Inspection, statuses: [201],
  handle: async ({ params: p, body, session, deps, commandId }) => {
    const { rows } = await asActor(deps.database, session, (client) => client.query<{ tenant_id: string }>('SELECT tenant_id FROM asset WHERE id = $1', [p.id]));
    if (!rows[0]) throw new Refused('request.not_found');
    const input = { id: commandId, tenantId: rows[0].tenant_id, assetId: p.id, kind: body.kind, dueAt: Date.parse(body.dueAt), certificate: body.certificate?.trim() || null, recordedBy: session.actor.personId };
    const row = await asService(deps.database, (client) => recordInspection(client, input));
    return { status: 201, body: inspectionOf(row, await personRefs(deps.database, [row.recorded_by]), false) };
  },
});

export const inspectionRoutes = [listInspections, createInspection];
