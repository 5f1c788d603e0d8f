/** 流程版本: list, show, roll back. The editor is another matter: see flow-editor.ts. */
import { getFlowVersion, listFlowVersions, rollbackFlows } from '../../prisma/flow-store.ts';
import type { FlowVersionRow } from '../../prisma/flow-store.ts';
import { z } from 'zod';
import { asActor, asService } from '../deps.ts';
import { Refused, unwrap } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, paged } from '../schemas/common.ts';
import { FlowVersionDetail, FlowVersionList, PageQuery, RollbackAnswer, RollbackBody, versionParams } from '../schemas/park.ts';
import type { Ref } from '../views/refs.ts';
import { iso, personRefs, refOf } from '../views/refs.ts';

const tag = 'flows';
const versionOf = (v: FlowVersionRow, people: Map<string, Ref>) => ({ version: v.version, author: refOf(people, v.authorId), createdAt: iso(v.createdAt), note: v.note, rollbackOf: v.rollbackOf, sha256: v.sha256 });

export const flowVersionRoutes = [
  route({
    method: 'get', path: '/api/v1/flow-versions', tag, summary: 'Deployed flows, newest first 流程版本', access: 'flow.read', query: PageQuery, response: FlowVersionList,
    handle: async ({ query: q, session, deps }) => {
      const after = decodeCursor(z.tuple([z.number().int()]), q.cursor);
      const found = await asActor(deps.database, session, (client) => listFlowVersions(client, q.limit + 1, after?.[0]));
      const { rows, nextCursor } = paged(found, q.limit, (v) => [v.version]);
      const people = await personRefs(deps.database, rows.map((v) => v.authorId));
      return { body: { items: rows.map((v) => versionOf(v, people)), nextCursor } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/flow-versions/{version}', tag, summary: 'One version with flows and rules 流程内容', access: 'flow.read', params: versionParams, response: FlowVersionDetail, refusals: ['flow.version_unknown'],
    handle: async ({ params: p, session, deps }) => {
      const v = await asActor(deps.database, session, (client) => getFlowVersion(client, p.version));
      if (!v) throw new Refused('flow.version_unknown');
      return { body: { ...versionOf(v, await personRefs(deps.database, [v.authorId])), flows: v.flows, rules: v.rules } };
    },
  }),
  route({
    method: 'post', path: '/api/v1/flow-versions/{version}/rollback', tag, summary: 'Put an old version into force again, as a new one 回滚', access: 'flow.rollback', idempotent: true, params: versionParams, body: RollbackBody, response: RollbackAnswer,
    statuses: [201], refusals: ['flow.version_unknown', 'flow.invalid'],
    handle: async ({ params: p, body, session, deps, keep }) => {
      const answer = await asService(deps.database, async (client) => {
        const { version, rules, sha256 } = unwrap(await rollbackFlows(client, { version: p.version, author: { personId: session.actor.personId }, ...(body.note === undefined ? {} : { note: body.note }) }));
        await keep(client, 201, { version, rules, sha256 });
        return { version, rules, sha256 };
      });
      return { status: 201, body: answer };
    },
  }),
];
