/** 群机器人: custom robots of DingTalk (钉钉) and WeCom (企业微信). Both take 20 messages a minute and know no idempotency key. */
import { createHmac } from 'node:crypto';
import type { Config } from './config.ts';
import { postJson, ProviderError } from './provider.ts';

export interface RobotMessage {
  text: string;
  /** Mobile numbers of people to be called by name in the group. */
  mobiles: readonly string[];
}

export interface Robot {
  /** Resolves with the provider's code; rejects with ProviderError. */
  send(message: RobotMessage): Promise<{ code: string }>;
}

/** Bytes of UTF-8 that both take in one text. */
const TEXT_BYTES = 2_000;

type RobotSetting = NonNullable<Config['IM_ROBOTS']>[number];

/** Codes of an address that is closed for a while: sending too fast. */
const CLOSED: Record<RobotSetting['kind'], readonly number[]> = { dingtalk: [130_101, 130_102, 130_103, 410_100], wecom: [45_009, 45_033] };

const cut = (text: string): string => {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= TEXT_BYTES ? text : `${bytes.subarray(0, TEXT_BYTES - 3).toString('utf8').replace(/\uFFFD+$/u, '')}…`;
};

/** timestamp + "\n" + secret, HMAC-SHA256 under the secret, base64; both go into the address. */
const signed = (url: string, secret: string, timestamp: number): string => {
  const address = new URL(url);
  address.searchParams.set('timestamp', String(timestamp));
  address.searchParams.set('sign', createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'));
  return address.href;
};

const robotOf = ({ kind, url, secret }: RobotSetting): Robot => ({
  send: async ({ text, mobiles }) => {
    const content = cut(text);
    const body = kind === 'dingtalk'
      ? { msgtype: 'text', text: { content }, at: { atMobiles: mobiles, isAtAll: false } }
      : { msgtype: 'text', text: { content, mentioned_mobile_list: mobiles } };
    const answer = await postJson(kind === 'dingtalk' && secret ? signed(url, secret, Date.now()) : url, JSON.stringify(body));
    const { errcode, errmsg } = answer;
    if (typeof errcode !== 'number') throw new ProviderError('the answer has no errcode', 'unknown', 'answer_not_known');
    if (errcode !== 0) throw new ProviderError(String(errmsg ?? '').slice(0, 200), CLOSED[kind].includes(errcode) ? 'closed' : errcode === -1 ? 'later' : 'refused', String(errcode));
    return { code: '0' };
  },
});

/** By the name that organisations give as theirs. */
export const openRobots = (config: Pick<Config, 'IM_ROBOTS'>): ReadonlyMap<string, Robot> => new Map((config.IM_ROBOTS ?? []).map((setting) => [setting.name, robotOf(setting)]));
