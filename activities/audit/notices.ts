/** Notices: what had to be told was told, whole, and reached somebody. */
import { MAIL_GIVE_UP_MS } from '../../domain/notices.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import type { Check } from './check.ts';
import { interval, query } from './check.ts';

const TRANSITION = `'hazard/' || t.hazard_id || '/' || t.seq AS record`;
const NOTICE = `'notice/' || n.id AS record`;
const toldWith = (kind: string, who: string): string => `EXISTS (SELECT FROM notice n WHERE n.hazard_id = t.hazard_id AND n.kind = ${kind} AND n.issued_at = t.server_at AND ${who})`;

export const noticeChecks = {
  'notice-dispatch-copied': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'dispatch'
    AND NOT (${toldWith(`'dispatch'`, 'NOT n.is_copy AND n.recipient_org_id = t.tenant_id')} AND ${toldWith(`'dispatch'`, `n.is_copy AND n.data->'facts'->'roles' ? 'emergency_office'`)})`),
  // now() is that of the transaction: rows of one transaction carry the same instant.
  'notice-same-transaction': query(`SELECT ${NOTICE} FROM notice n JOIN hazard_transition t ON t.hazard_id = n.hazard_id AND n.dedupe_key LIKE t.dedupe_key || '/%' AND t.server_at = n.issued_at
    JOIN delivery d ON d.notice_id = n.id AND d.channel = 'inbox' WHERE t.seq IS NOT NULL AND d.created_at <> t.recorded_at`),
  'notice-verdict-told': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command IN ('reject', 'accept')
    AND NOT ${toldWith(`CASE t.command WHEN 'reject' THEN 'rejection' ELSE 'acceptance' END`, 'NOT n.is_copy AND n.recipient_org_id = t.tenant_id')}`),
  'notice-in-inbox': query(`SELECT ${NOTICE} FROM notice n WHERE NOT EXISTS (SELECT FROM delivery d WHERE d.notice_id = n.id AND d.channel = 'inbox' AND d.address = n.recipient_org_id)`),
  'notice-failure-has-task': query(`SELECT 'delivery/' || d.id AS record FROM delivery d
    WHERE d.state = 'failed' AND coalesce(d.failed_at, d.created_at) < now() - ${interval(SELF_AUDIT.settleMs)}
      AND NOT EXISTS (SELECT FROM task t WHERE t.kind = 'notice_undeliverable' AND t.detail->>'channel' = d.channel AND t.detail->>'address' = d.address
        -- One task a day for an address.
        AND t.created_at > coalesce(d.failed_at, d.created_at) - interval '1 day')`),
  'notice-not-hanging': query(`SELECT 'delivery/' || id AS record FROM delivery WHERE state IN ('pending', 'collecting') AND created_at < now() - ${interval(MAIL_GIVE_UP_MS)}`),
  'notice-of-known-matter': query(`SELECT ${NOTICE} FROM notice n
    WHERE (n.hazard_id IS NOT NULL AND NOT EXISTS (SELECT FROM hazard h WHERE h.id = n.hazard_id)) OR (n.alarm_id IS NOT NULL AND NOT EXISTS (SELECT FROM alarm a WHERE a.id = n.alarm_id))`),
  'notice-words-whole': query(`SELECT ${NOTICE} FROM notice n WHERE subject !~ '\\S' OR body_text !~ '\\S' OR body_html !~ '\\S' OR subject || body_text || body_html ~ '\\{\\{|\\[object Object\\]|undefined'`),
} satisfies Record<string, Check>;
