/** Stands for the robot servers of DingTalk and WeCom, and enforces their limits: 20 messages a minute, then closed for ten minutes; signatures; sizes. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PER_MINUTE = 20;
const PENALTY_MS = 10 * 60_000;
const HOUR_MS = 60 * 60_000;

export interface RobotServer {
  /** Address of a robot by its token or key. */
  url(kind: 'dingtalk' | 'wecom', robot: string): string;
  /** Texts that groups have seen, in order. */
  seen: { robot: string; text: string; mobiles: string[]; at: number }[];
  /** Calls that were refused for being too fast: each robot should have none. */
  tooFast: number;
  calls: number;
  /** The next so many messages are shown in the group, and the line is cut before the answer. */
  loseAnswers: number;
  /** Moves the server's clock. */
  advance(ms: number): void;
  close(): Promise<void>;
}

export const DINGTALK_SECRET = 'SECtest-of-the-robot';

const bodyOf = async (req: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
};

export const startRobotServer = async (): Promise<RobotServer> => {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const sent = new Map<string, number[]>();
  const closedUntil = new Map<string, number>();
  const server = createServer((req, res) => void (async () => {
    const url = new URL(req.url ?? '/', 'http://robots');
    const isDingTalk = url.pathname === '/robot/send';
    const robot = url.searchParams.get(isDingTalk ? 'access_token' : 'key') ?? '';
    const answer = (errcode: number, errmsg: string): void => void res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ errcode, errmsg }));
    state.calls += 1;
    const body = await bodyOf(req);
    if (robot === '') return answer(isDingTalk ? 300_001 : 93_000, 'invalid webhook url');
    if (isDingTalk) {
      const timestamp = url.searchParams.get('timestamp') ?? '';
      const wanted = createHmac('sha256', DINGTALK_SECRET).update(`${timestamp}\n${DINGTALK_SECRET}`).digest();
      const given = Buffer.from(url.searchParams.get('sign') ?? '', 'base64');
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || Math.abs(now() - Number(timestamp)) > HOUR_MS + ahead) return answer(310_000, 'sign not match');
    }
    if ((closedUntil.get(robot) ?? 0) > now()) {
      state.tooFast += 1;
      return answer(isDingTalk ? 130_101 : 45_009, 'send too fast, exceed 20 times per minute');
    }
    const recent = (sent.get(robot) ?? []).filter((at) => at > now() - 60_000);
    if (recent.length >= PER_MINUTE) {
      closedUntil.set(robot, now() + PENALTY_MS);
      state.tooFast += 1;
      return answer(isDingTalk ? 130_101 : 45_009, 'send too fast, exceed 20 times per minute');
    }
    const { content = '', mentioned_mobile_list: mentioned } = (body.text ?? {}) as { content?: string; mentioned_mobile_list?: string[] };
    if (body.msgtype !== 'text' || content === '') return answer(400_101, 'message is empty');
    if (Buffer.byteLength(content) > 2_048) return answer(isDingTalk ? 460_101 : 40_058, 'content exceed max length');
    sent.set(robot, [...recent, now()]);
    state.seen.push({ robot, text: content, mobiles: mentioned ?? (body.at as { atMobiles?: string[] } | undefined)?.atMobiles ?? [], at: now() });
    if (state.loseAnswers > 0) {
      state.loseAnswers -= 1;
      return req.socket.destroy() as never;
    }
    return answer(0, 'ok');
  })());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: RobotServer = {
    url: (kind, robot) => (kind === 'dingtalk' ? `${base}/robot/send?access_token=${robot}` : `${base}/cgi-bin/webhook/send?key=${robot}`),
    seen: [], tooFast: 0, calls: 0, loseAnswers: 0,
    advance: (ms) => { ahead += ms; },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
};
