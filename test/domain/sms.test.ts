import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SmsTemplate } from '../../domain/sms.ts';
import { checkSmsTemplate, fillSms, SMS_KINDS, SMS_LIMITS, SMS_VARIABLES, smsLength } from '../../domain/sms.ts';

const good: SmsTemplate = { channel: 'sms', kind: 'task', language: 'zh', sign: '园区安全', body: '${task}应于${due}前完成，请处理。', allowsLink: false, providerCode: 'SMS_123456789', approval: 'approved' };
const refusal = (more: Partial<SmsTemplate>) => {
  const checked = checkSmsTemplate({ ...good, ...more });
  return checked.ok ? null : { code: checked.refusal.code, field: checked.refusal.field };
};

describe('a template that is saved', () => {
  test('with its variables, sign and code is taken', () => {
    expect(checkSmsTemplate(good)).toEqual({ ok: true, value: good });
    expect(refusal({ body: '请登录系统查看。' })).toBeNull();
    expect(refusal({ body: '见 https://park.cn/t', allowsLink: true })).toBeNull();
    for (const kind of SMS_KINDS) expect(refusal({ kind, body: `请查收：\${${SMS_VARIABLES[kind][0]!}}。` })).toBeNull();
  });
  test.each<[string, Partial<SmsTemplate>, string, string]>([
    ['no text', { body: ' \u200b' }, 'sms.body_empty', 'body'],
    ['a sign in the text', { body: '【园区】请处理' }, 'sms.body_brackets', 'body'],
    ['a sign of one character', { sign: '园' }, 'sms.sign_invalid', 'sign'],
    ['a sign that is too long', { sign: '园'.repeat(13) }, 'sms.sign_invalid', 'sign'],
    ['a sign with brackets', { sign: '【园区】' }, 'sms.sign_invalid', 'sign'],
    ['a variable of another kind', { body: '${sensor}报警' }, 'sms.variable_unknown', 'body'],
    ['a variable of no kind', { body: '${constructor}请' }, 'sms.variable_unknown', 'body'],
    ['a variable without name', { body: '请${}处理' }, 'sms.variable_malformed', 'body'],
    ['a name that is none', { body: '请${a b}处理' }, 'sms.variable_malformed', 'body'],
    ['an open bracket', { body: '请${task 处理' }, 'sms.variable_malformed', 'body'],
    ['another way to write it', { body: '请{{task}}处理' }, 'sms.variable_malformed', 'body'],
    ['a variable twice', { body: '${task}，${task}' }, 'sms.variable_malformed', 'body'],
    ['variables side by side', { body: '${task} ${due}前' }, 'sms.variables_adjacent', 'body'],
    ['a link', { body: '请看 http://park.cn' }, 'sms.link_denied', 'body'],
    ['a link without scheme', { body: '请看 park.com/x' }, 'sms.link_denied', 'body'],
    ['too long with its variables filled', { body: `\${task}${'长'.repeat(SMS_LIMITS.text - 35 - 5)}` }, 'sms.too_long', 'body'],
    ['no code of the provider', { providerCode: '' }, 'sms.provider_code_invalid', 'providerCode'],
    ['a code with spaces', { providerCode: 'SMS 1' }, 'sms.provider_code_invalid', 'providerCode'],
    ['another channel', { channel: 'fax' as never }, 'sms.channel_invalid', 'channel'],
    ['another kind', { kind: 'gossip' as never }, 'sms.kind_unknown', 'kind'],
    ['another approval', { approval: 'maybe' as never }, 'sms.approval_invalid', 'approval'],
  ])('%s: refused by name and field', (_what, more, code, field) => {
    expect(refusal(more)).toEqual({ code, field });
  });
  test('the longest that is taken has exactly the limit', () => {
    const room = SMS_LIMITS.text - smsLength('【园区安全】') - 35;
    expect(refusal({ body: `\${task}${'长'.repeat(room)}` })).toBeNull();
    expect(refusal({ body: `\${task}${'长'.repeat(room + 1)}` })).toMatchObject({ code: 'sms.too_long' });
  });
});

describe('a message', () => {
  test('is filled, shortened where a value is too long, refused where one is missing', () => {
    expect(fillSms(good, { task: '夜间巡检', due: '11月24日15:30' })).toEqual({
      ok: true, value: { variables: { task: '夜间巡检', due: '11月24日15:30' }, text: '【园区安全】夜间巡检应于11月24日15:30前完成，请处理。' },
    });
    const long = fillSms(good, { task: '夜'.repeat(36), due: 'x' });
    expect(long.ok && long.value.variables.task).toBe(`${'夜'.repeat(34)}…`);
    const exact = fillSms(good, { task: '夜'.repeat(35), due: 'x' });
    expect(exact.ok && exact.value.variables.task).toBe('夜'.repeat(35));
    expect(fillSms(good, { task: null, due: 'x' })).toMatchObject({ ok: false, refusal: { code: 'sms.variable_invalid', field: 'task' } });
    expect(fillSms(good, { task: '看 http://evil.example', due: 'x' })).toMatchObject({ ok: false, refusal: { code: 'sms.link_denied', field: 'task' } });
  });
  test('never has a variable outside 1 to 35 characters, whatever the values', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 90 }), fc.string({ unit: 'grapheme', maxLength: 90 }), (task, due) => {
      const filled = fillSms(good, { task, due });
      if (!filled.ok) return expect(filled.refusal.code).toMatch(/^sms\./);
      for (const value of Object.values(filled.value.variables)) {
        expect(smsLength(value)).toBeGreaterThanOrEqual(SMS_LIMITS.variable.min);
        expect(smsLength(value)).toBeLessThanOrEqual(SMS_LIMITS.variable.max);
        expect(value).not.toMatch(/[【】]/);
      }
      return expect(smsLength(filled.value.text)).toBeLessThanOrEqual(SMS_LIMITS.text);
    }), { numRuns: 2_000 });
  });
});
