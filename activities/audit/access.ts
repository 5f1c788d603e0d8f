/** Who may see and change what: the database's own locks, and the people and grants that go through them. */
import { roleFits } from '../../domain/accounts.ts';
import { ORGANISATION_KINDS, ROLES } from '../../domain/permissions.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import type { Check } from './check.ts';
import { interval, json, query } from './check.ts';

const APP = 'parkwarden_app';
const TABLES = `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('public', 'telemetry') AND c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations'`;
const FITTING = ROLES.flatMap((role) => ORGANISATION_KINDS.filter((kind) => roleFits(role, kind)).map((kind) => ({ role, kind })));

export const accessChecks = {
  'access-rows-of-case': query(`
    SELECT 'report/' || r.id AS record FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id WHERE h.tenant_id <> r.tenant_id
    UNION ALL SELECT 'notice/' || n.id FROM notice n JOIN hazard h ON h.id = n.hazard_id WHERE h.tenant_id <> n.tenant_id
    UNION ALL SELECT 'notice/' || n.id FROM notice n JOIN alarm a ON a.id = n.alarm_id WHERE a.tenant_id <> n.tenant_id
    UNION ALL SELECT 'delivery/' || d.id FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE n.tenant_id <> d.tenant_id`),
  'access-row-security': query(`SELECT 'table/' || t.schema || '.' || t.name AS record FROM (${TABLES}) t WHERE NOT (t.relrowsecurity AND t.relforcerowsecurity)`),
  // Every policy asks for the scope; whoever is not our own process reads only.
  'access-policies': query(`
    SELECT 'table/' || t.schema || '.' || t.name AS record FROM (${TABLES}) t WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'service')
    UNION ALL SELECT 'policy/' || t.schema || '.' || t.name || '.' || p.polname FROM (${TABLES}) t JOIN pg_policy p ON p.polrelid = t.oid
      WHERE coalesce(pg_get_expr(p.polqual, p.polrelid), '') NOT LIKE '%pw_scope()%' OR (p.polname <> 'service' AND p.polcmd <> 'r')`),
  'access-role-bound': query(`
    SELECT 'role/' || rolname AS record FROM pg_roles WHERE rolname = '${APP}' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
    UNION ALL SELECT 'role/' || r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '${APP}'
    UNION ALL SELECT 'table/' || c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = '${APP}' AND c.relkind IN ('r', 'p', 'v')`),
  'access-foreign-keys': query(`
    SELECT 'constraint/' || conrelid::regclass || '.' || conname AS record FROM pg_constraint WHERE contype = 'f' AND NOT convalidated
    UNION SELECT 'constraint/' || tgrelid::regclass || '.' || k.conname FROM pg_trigger g JOIN pg_constraint k ON k.oid = g.tgconstraint WHERE k.contype = 'f' AND g.tgenabled = 'D'`),
  'access-grants-formed': query(`SELECT 'grant/' || g.id AS record FROM access_grant g LEFT JOIN organisation o ON o.id = g.org_id LEFT JOIN organisation t ON t.id = g.tenant_id LEFT JOIN person p ON p.id = g.approved_by
    WHERE o.kind IS DISTINCT FROM 'regulator' OR t.kind IS DISTINCT FROM 'enterprise' OR p.id IS NULL OR g.purpose !~ '\\S' OR g.expires_at <= g.starts_at`),
  'access-grants-short': query(`SELECT 'grant/' || id AS record FROM access_grant WHERE expires_at - starts_at > ${interval(SELF_AUDIT.grantMs)}`),
  'access-disabled-out': query(`SELECT 'account/' || a.id AS record FROM account a WHERE a.disabled_at IS NOT NULL AND EXISTS (SELECT FROM session s WHERE s.account_id = a.id)`),
  'access-membership-fits': query(`SELECT 'membership/' || m.id AS record FROM membership m JOIN organisation o ON o.id = m.org_id
    WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset(${json(FITTING)}) AS f(role text, kind text) WHERE f.role = m.role AND f.kind = o.kind)`),
  'access-one-side': query(`SELECT 'person/' || m.person_id AS record FROM membership m JOIN organisation o ON o.id = m.org_id WHERE o.kind IN ('park_department', 'enterprise')
    GROUP BY m.person_id HAVING count(DISTINCT o.kind) > 1`),
  'access-accounts-used': query(`SELECT 'account/' || a.id AS record FROM account a WHERE a.disabled_at IS NULL AND NOT EXISTS (SELECT FROM membership m WHERE m.person_id = a.person_id)`),
} satisfies Record<string, Check>;
