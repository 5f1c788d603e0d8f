/** 人员、委托与承包: who there is to choose from, who acts for whom, and who works for whom. */
import { z } from 'zod';
import { checkAffiliation, checkDelegation } from '../../domain/delegation.ts';
import type { OrganisationKind } from '../../domain/permissions.ts';
import { may, PERMISSIONS } from '../../domain/permissions.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../deps.ts';
import { asService } from '../deps.ts';
import { Refused, unwrap } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, list, paged, timeCursor } from '../schemas/common.ts';
import { PageQuery } from '../schemas/park.ts';
import { Affiliation, AffiliationBody, Delegation, DelegationBody, Organisation, Person, PersonQuery } from '../schemas/session.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRef, personRefs, refOf } from '../views/refs.ts';
import { membershipsOf } from './session.ts';

const tag = 'administration';
const params = z.object({ id });
/** Lists to choose from are as long as a park is large. */
const MOST = 500;

const listPersons = route({
  method: 'get', path: '/api/v1/persons', tag, summary: 'People to choose from; an enterprise sees its own 人员', access: 'person.read', query: PersonQuery, response: z.object({ items: z.array(Person) }),
  handle: async ({ query: q, session: { actor }, deps }) => {
    const roles = q.may ? (PERMISSIONS[q.may] as readonly string[]) : null;
    const orgId = actor.orgKind === 'enterprise' ? actor.orgId : (q.orgId ?? null);
    if (actor.orgKind === 'enterprise' && q.orgId && q.orgId !== actor.orgId) return { body: { items: [] } };
    const { rows } = await asService(deps.database, (client) =>
      client.query<Ref>(
        `SELECT p.id, p.name_zh AS "nameZh", p.name_en AS "nameEn" FROM person p
         WHERE EXISTS (SELECT FROM membership m WHERE m.person_id = p.id AND ($1::text[] IS NULL OR m.role = ANY ($1)) AND ($2::text IS NULL OR m.org_id = $2))
           AND ($3::text IS NULL OR strpos(lower(p.name_zh || ' ' || p.name_en), lower($3)) > 0) ORDER BY p.name_zh, p.id LIMIT $4`,
        [roles, orgId, q.q?.trim() || null, MOST],
      ),
    );
    const memberships = await membershipsOf(deps.database, rows.map((p) => p.id));
    const shown = (personId: string) => (memberships.get(personId) ?? []).filter((m) => actor.orgKind !== 'enterprise' || m.org.id === actor.orgId);
    return { body: { items: rows.map((p) => ({ ...p, memberships: shown(p.id) })) } };
  },
});

const listOrganisations = route({
  method: 'get', path: '/api/v1/organisations', tag, summary: 'Organisations to choose from; an enterprise sees its own 组织', access: 'person.read', response: z.object({ items: z.array(Organisation) }),
  handle: async ({ session: { actor }, deps }) => {
    const { rows } = await asService(deps.database, (client) =>
      client.query<Ref & { kind: OrganisationKind }>(`SELECT id, kind, name_zh AS "nameZh", name_en AS "nameEn" FROM organisation WHERE $1::text IS NULL OR id = $1 ORDER BY kind DESC, name_zh, id LIMIT $2`, [actor.orgKind === 'enterprise' ? actor.orgId : null, MOST]),
    );
    return { body: { items: rows } };
  },
});

// ---- delegations ----

interface DelegationRow { id: string; membership_id: string; person_id: string; delegate_id: string; reason: string; starts_at: Date; ends_at: Date; created_by: string; created_at: Date }
const SELECT_DELEGATION = 'SELECT d.*, m.person_id FROM delegation d JOIN membership m ON m.id = d.membership_id';

const delegationsOf = async (deps: ApiDeps, rows: DelegationRow[]): Promise<z.input<typeof Delegation>[]> => {
  const people = await personRefs(deps.database, rows.flatMap((d) => [d.person_id, d.delegate_id, d.created_by]));
  const memberships = await membershipsOf(deps.database, rows.map((d) => d.person_id));
  return rows.map((d) => ({
    id: d.id, membership: memberships.get(d.person_id)!.find((m) => m.id === d.membership_id)!, person: refOf(people, d.person_id)!, delegate: refOf(people, d.delegate_id)!, reason: d.reason,
    startsAt: iso(d.starts_at), endsAt: iso(d.ends_at), createdBy: refOf(people, d.created_by)!, createdAt: iso(d.created_at),
  }));
};

/** Whoever's membership it is, or the head of the park; nobody hands on what was delegated to them. */
const requireOwn = async (deps: ApiDeps, { actor }: SignedIn, personId: string, object: string): Promise<void> => {
  if (!actor.delegatorId && (may(actor.role, 'delegation.manage') || personId === actor.personId)) return;
  await asService(deps.database, (client) => audit.refused(client, { personId: actor.personId, role: actor.role, action: 'delegation.manage', object, code: 'permission.denied' }));
  throw new Refused('permission.denied', { detail: { action: 'delegation.manage' } });
};

const listDelegations = route({
  method: 'get', path: '/api/v1/delegations', tag, summary: 'Delegations: all for the head of the park, else those given or taken by oneself 委托', access: 'session', query: PageQuery, response: list(Delegation),
  handle: async ({ query: q, session: { actor }, deps }) => {
    const after = decodeCursor(timeCursor, q.cursor);
    const { rows: found } = await asService(deps.database, (client) =>
      client.query<DelegationRow>(
        `${SELECT_DELEGATION} WHERE ($1::text IS NULL OR m.person_id = $1 OR d.delegate_id = $1) AND ($2::timestamptz IS NULL OR (d.created_at, d.id) < ($2, $3)) ORDER BY d.created_at DESC, d.id DESC LIMIT $4`,
        [may(actor.role, 'delegation.manage') ? null : actor.personId, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
      ),
    );
    const { rows, nextCursor } = paged(found, q.limit, (d) => [d.created_at.toISOString(), d.id]);
    return { body: { items: await delegationsOf(deps, rows), nextCursor } };
  },
});

const createDelegation = route({
  method: 'post', path: '/api/v1/delegations', tag, summary: 'Let another person act in a membership for a time 新建委托', access: 'session', idempotent: true, body: DelegationBody, response: Delegation, statuses: [201],
  refusals: ['permission.denied', 'delegation.delegate_invalid', 'delegation.term_invalid'],
  handle: async ({ body, session, deps, commandId }) => {
    const find = async (sql: string, value: string) => (await asService(deps.database, (client) => client.query<{ person_id: string; org_id: string; kind: OrganisationKind }>(`SELECT m.person_id, m.org_id, o.kind FROM membership m JOIN organisation o ON o.id = m.org_id WHERE ${sql}`, [value]))).rows;
    const [membership] = await find('m.id = $1', body.membershipId);
    await requireOwn(deps, session, membership?.person_id ?? '', `membership/${body.membershipId}`);
    if (!membership) throw new Refused('request.invalid', { field: 'membershipId' });
    const delegateOrgs = (await find('m.person_id = $1', body.delegateId)).map((m) => ({ id: m.org_id, kind: m.kind }));
    const row = await asService(deps.database, async (client) => {
      const { rows: known } = await client.query<DelegationRow>(`${SELECT_DELEGATION} WHERE d.id = $1`, [commandId]);
      if (known[0]) return known[0];
      const { rows: clock } = await client.query<{ now: Date }>('SELECT now() AS now');
      const { startsAt, endsAt, delegateId } = body;
      unwrap(checkDelegation({ personId: membership.person_id, org: { id: membership.org_id, kind: membership.kind }, delegateId, delegateOrgs, startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) }, clock[0]!.now.getTime()));
      await client.query('INSERT INTO delegation (id, membership_id, delegate_id, reason, starts_at, ends_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)', [
        commandId, body.membershipId, delegateId, body.reason, startsAt, endsAt, session.actor.personId,
      ]);
      await audit.delegation(client, { personId: session.actor.personId, delegationId: commandId, act: 'create', detail: { membershipId: body.membershipId, delegateId, reason: body.reason, startsAt, endsAt } });
      return (await client.query<DelegationRow>(`${SELECT_DELEGATION} WHERE d.id = $1`, [commandId])).rows[0]!;
    });
    return { status: 201, body: (await delegationsOf(deps, [row]))[0]! };
  },
});

const endDelegation = route({
  method: 'post', path: '/api/v1/delegations/{id}/end', tag, summary: 'End a delegation now 终止委托', access: 'session', params, refusals: ['permission.denied', 'delegation.not_found'],
  handle: async ({ params: p, session, deps }) => {
    const { rows } = await asService(deps.database, (client) => client.query<DelegationRow>(`${SELECT_DELEGATION} WHERE d.id = $1`, [p.id]));
    const found = rows[0];
    const concerned = found && (may(session.actor.role, 'delegation.manage') || [found.person_id, found.delegate_id].includes(session.actor.personId));
    if (!found || !concerned) throw new Refused('delegation.not_found');
    // The delegate gives back what was given; that needs no right.
    if (found.delegate_id !== session.actor.personId) await requireOwn(deps, session, found.person_id, `delegation/${p.id}`);
    await asService(deps.database, async (client) => {
      const { rowCount } = await client.query('UPDATE delegation SET ends_at = greatest(now(), starts_at) WHERE id = $1 AND ends_at > now()', [p.id]);
      if (rowCount === 1) await audit.delegation(client, { personId: session.actor.personId, delegationId: p.id, act: 'end', detail: {} });
    });
    return { body: null };
  },
});

// ---- affiliations ----

interface AffiliationRow { id: string; contractor: Ref; principal: Ref; valid_from: Date; valid_to: Date | null }
const SELECT_AFFILIATION = `SELECT f.id, ${orgRef('c')} AS contractor, ${orgRef('p')} AS principal, f.valid_from, f.valid_to FROM affiliation f JOIN organisation c ON c.id = f.contractor_id JOIN organisation p ON p.id = f.principal_id`;
const affiliationOf = (f: AffiliationRow): z.input<typeof Affiliation> => ({ id: f.id, contractor: f.contractor, principal: f.principal, validFrom: iso(f.valid_from), validTo: isoOrNull(f.valid_to) });

const listAffiliations = route({
  method: 'get', path: '/api/v1/affiliations', tag, summary: 'Which contractor works for which enterprise 承包关系', access: 'affiliation.manage', query: PageQuery, response: list(Affiliation),
  handle: async ({ query: q, deps }) => {
    const after = decodeCursor(timeCursor, q.cursor);
    const { rows: found } = await asService(deps.database, (client) =>
      client.query<AffiliationRow>(`${SELECT_AFFILIATION} WHERE $1::timestamptz IS NULL OR (f.valid_from, f.id) < ($1, $2) ORDER BY f.valid_from DESC, f.id DESC LIMIT $3`, [after?.[0] ?? null, after?.[1] ?? null, q.limit + 1]),
    );
    const { rows, nextCursor } = paged(found, q.limit, (f) => [f.valid_from.toISOString(), f.id]);
    return { body: { items: rows.map(affiliationOf), nextCursor } };
  },
});

const createAffiliation = route({
  method: 'post', path: '/api/v1/affiliations', tag, summary: 'A contractor works for an enterprise 新建承包关系', access: 'affiliation.manage', idempotent: true, body: AffiliationBody, response: Affiliation, statuses: [201], refusals: ['affiliation.invalid'],
  handle: async ({ body, session, deps, commandId }) => {
    const row = await asService(deps.database, async (client) => {
      const read = async () => (await client.query<AffiliationRow>(`${SELECT_AFFILIATION} WHERE f.id = $1`, [commandId])).rows[0];
      const known = await read();
      if (known) return known;
      const kindOf = async (orgId: string) => (await client.query<{ kind: OrganisationKind }>('SELECT kind FROM organisation WHERE id = $1', [orgId])).rows[0]?.kind ?? null;
      const { rows: clock } = await client.query<{ now: Date }>('SELECT now() AS now');
      const now = clock[0]!.now.getTime();
      const { contractorId, principalId } = body;
      const validFrom = body.validFrom ? Date.parse(body.validFrom) : now;
      const validTo = body.validTo ? Date.parse(body.validTo) : null;
      unwrap(checkAffiliation({ contractorId, contractorKind: await kindOf(contractorId), principalId, principalKind: await kindOf(principalId), validFrom, validTo }, now));
      await client.query('INSERT INTO affiliation (id, contractor_id, principal_id, valid_from, valid_to) VALUES ($1, $2, $3, $4, $5)', [commandId, contractorId, principalId, new Date(validFrom), validTo === null ? null : new Date(validTo)]);
      await audit.affiliation(client, { personId: session.actor.personId, affiliationId: commandId, act: 'create', detail: { contractorId, principalId } });
      return (await read())!;
    });
    return { status: 201, body: affiliationOf(row) };
  },
});

const endAffiliation = route({
  method: 'post', path: '/api/v1/affiliations/{id}/end', tag, summary: 'The contractor no longer works there 终止承包关系', access: 'affiliation.manage', params, refusals: ['affiliation.not_found'],
  handle: async ({ params: p, session, deps }) => {
    await asService(deps.database, async (client) => {
      if ((await client.query('SELECT FROM affiliation WHERE id = $1', [p.id])).rowCount === 0) throw new Refused('affiliation.not_found');
      const { rowCount } = await client.query('UPDATE affiliation SET valid_to = greatest(now(), valid_from) WHERE id = $1 AND (valid_to IS NULL OR valid_to > now())', [p.id]);
      if (rowCount === 1) await audit.affiliation(client, { personId: session.actor.personId, affiliationId: p.id, act: 'end', detail: {} });
    });
    return { body: null };
  },
});

export const peopleRoutes = [listPersons, listOrganisations, listDelegations, createDelegation, endDelegation, listAffiliations, createAffiliation, endAffiliation];
