/**
 * 短信与语音模板. A provider sends only texts that it has approved, with variables of 1 to 35 characters. Templates are
 * checked when they are saved, values before anything is sent. Characters are Unicode code points.
 */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type { Language, NoticeKind } from './notices.ts';
import { NOTICE_KINDS } from './notices.ts';

export const SMS_LIMITS = {
  variable: { min: 1, max: 35 },
  /** Sign and text together, with every variable at its longest. */
  text: 500,
  sign: { min: 2, max: 12 },
  providerCode: 64,
} as const;

export const SMS_CHANNELS = ['sms', 'voice'] as const;
export type SmsChannel = (typeof SMS_CHANNELS)[number];
export const SMS_APPROVALS = ['pending', 'approved', 'refused'] as const;
export type SmsApproval = (typeof SMS_APPROVALS)[number];

/** What a message is about: a kind of notice, or several notices at once. */
export const SMS_KINDS = [...NOTICE_KINDS, 'digest'] as const;
export type SmsKind = (typeof SMS_KINDS)[number];

export interface SmsTemplate {
  channel: SmsChannel;
  kind: SmsKind;
  language: Language;
  /** 签名, without brackets. */
  sign: string;
  body: string;
  allowsLink: boolean;
  /** The template's name at the provider. */
  providerCode: string;
  approval: SmsApproval;
}

const OF_HAZARD = ['number', 'title', 'enterprise', 'place', 'due', 'recipient'] as const;

/** The variables that a message about a kind of notice can have. */
export const SMS_VARIABLES: Record<SmsKind, readonly string[]> = {
  ...(Object.fromEntries(NOTICE_KINDS.map((kind) => [kind, OF_HAZARD])) as unknown as Record<NoticeKind, readonly string[]>),
  supervision: [...OF_HAZARD, 'level'],
  alarm: ['asset', 'sensor', 'value', 'limit', 'level', 'time', 'enterprise', 'place', 'recipient'],
  task: ['task', 'owner', 'enterprise', 'place', 'due', 'recipient'],
  digest: ['count', 'recipient'],
};

export const smsLength = (text: string): number => [...text].length;
const isBlank = (text: string): boolean => !/[^\p{Z}\p{C}]/u.test(text);
const VARIABLE = /\$\{([^{}]*)\}/g;
const NAME = /^[a-z][A-Za-z0-9]{0,31}$/;
const LINK = /https?:|www\.|\b[\w-]+\.(?:com|cn|net|org|top|io|xyz|cc|me)\b/i;

export const smsVariablesOf = (body: string): string[] => [...body.matchAll(VARIABLE)].map((m) => m[1]!);

/** 【sign】text, as the phone shows it. */
export const smsText = (template: Pick<SmsTemplate, 'sign' | 'body'>, values: Readonly<Record<string, string>>): string =>
  `【${template.sign}】${template.body.replace(VARIABLE, (_whole, name: string) => values[name] ?? '')}`;

/** Whether a template can be saved. Each refusal (`sms.…`) names the field, and the variable in `detail`. */
export const checkSmsTemplate = (template: SmsTemplate): Result<SmsTemplate> => {
  if (!(SMS_CHANNELS as readonly string[]).includes(template.channel)) return refuse('sms.channel_invalid', { field: 'channel' });
  if (!(SMS_KINDS as readonly string[]).includes(template.kind)) return refuse('sms.kind_unknown', { field: 'kind' });
  if (!(SMS_APPROVALS as readonly string[]).includes(template.approval)) return refuse('sms.approval_invalid', { field: 'approval' });
  const { sign, body } = template;
  const signLength = smsLength(sign);
  if (signLength < SMS_LIMITS.sign.min || signLength > SMS_LIMITS.sign.max || /[【】[\]\p{C}]/u.test(sign) || sign.trim() !== sign) return refuse('sms.sign_invalid', { field: 'sign' });
  if (isBlank(body)) return refuse('sms.body_empty', { field: 'body' });
  if (/[【】]/.test(body)) return refuse('sms.body_brackets', { field: 'body' });

  const names = smsVariablesOf(body);
  const malformed = names.find((name) => !NAME.test(name));
  if (malformed !== undefined || /[{}]|\$(?!\{)/.test(body.replace(VARIABLE, ''))) return refuse('sms.variable_malformed', { field: 'body', detail: { variable: malformed ?? null } });
  const unknown = names.find((name) => !SMS_VARIABLES[template.kind].includes(name));
  if (unknown !== undefined) return refuse('sms.variable_unknown', { field: 'body', detail: { variable: unknown, known: SMS_VARIABLES[template.kind] } });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return refuse('sms.variable_malformed', { field: 'body', detail: { variable: twice } });
  if (/\}\s*\$\{/.test(body)) return refuse('sms.variables_adjacent', { field: 'body' });
  if (!template.allowsLink && LINK.test(body)) return refuse('sms.link_denied', { field: 'body' });

  const longest = smsLength(smsText(template, Object.fromEntries(names.map((name) => [name, 'x'.repeat(SMS_LIMITS.variable.max)]))));
  if (longest > SMS_LIMITS.text) return refuse('sms.too_long', { field: 'body', detail: { longest, limit: SMS_LIMITS.text } });
  if (isBlank(template.providerCode) || !/^[\w.-]+$/.test(template.providerCode) || template.providerCode.length > SMS_LIMITS.providerCode) return refuse('sms.provider_code_invalid', { field: 'providerCode' });
  return ok(template);
};

/**
 * The variables of one message. A value longer than 35 characters keeps its first 34 and an ellipsis: the notice in the
 * inbox has the whole. One that is missing or blank, or that would bring a link where none is allowed, is refused before
 * anything is sent: `sms.variable_invalid`, `sms.link_denied`.
 */
export const fillSms = (template: SmsTemplate, values: Readonly<Record<string, string | null>>): Result<{ variables: Record<string, string>; text: string }> => {
  const variables: Record<string, string> = {};
  for (const name of smsVariablesOf(template.body)) {
    const points = [...(values[name] ?? '').replace(/[【】\p{C}]/gu, ' ').replace(/\s+/gu, ' ').trim()];
    const value = points.length > SMS_LIMITS.variable.max ? `${points.slice(0, SMS_LIMITS.variable.max - 1).join('').trimEnd()}…` : points.join('');
    if (isBlank(value)) return refuse('sms.variable_invalid', { field: name });
    if (!template.allowsLink && /https?:|www\./i.test(value)) return refuse('sms.link_denied', { field: name });
    variables[name] = value;
  }
  return ok({ variables, text: smsText(template, variables) });
};
