/**
 * 通知渠道: how urgent a notice is, over which channels it goes at once, which follow while nobody has opened or acknowledged
 * it, and what an address can take. The inbox has every notice; the channels outside only call people to it.
 */
import type { NoticeFacts, NoticeKind } from './notices.ts';

export const CHANNELS = ['inbox', 'smtp', 'robot', 'sms', 'voice'] as const;
export type Channel = (typeof CHANNELS)[number];
/** Channels that send words of the notice to a provider. */
export type OutsideChannel = Exclude<Channel, 'inbox'>;

/**
 * pending: to be sent. collecting: a digest that waits for its instant. in_digest: told of by a digest. sent: the provider
 * has taken it. delivered: the provider says it arrived. failed: it never will. unknown: it may have been sent; the provider
 * is asked, then a person. Opened and acknowledged have instants of their own.
 */
export const DELIVERY_STATES = ['pending', 'collecting', 'in_digest', 'sent', 'delivered', 'failed', 'unknown'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** red: never waits and is never folded into a digest. duty: a task that somebody has left undone. */
export const LANES = ['red', 'duty', 'amber', 'plain'] as const;
export type Lane = (typeof LANES)[number];

export interface LaneStep {
  /** After the issue of the notice, for as long as nobody has done what `until` says. */
  afterMs: number;
  channels: Channel[];
}

export interface Budget {
  /** Most messages to one address within the window. */
  messages: number;
  windowMs: number;
  /** Of these, kept for the red lane. */
  reserve: number;
}

export interface ChannelPolicy {
  lanes: Record<Lane, { until: 'opened' | 'acknowledged'; steps: LaneStep[] }>;
  /** Outside the red lane an address gets at most one message a channel within this time; the rest wait for a digest. */
  groupMs: number;
  budgets: Partial<Record<OutsideChannel, Budget>>;
  /** So long an address is left alone after its provider has closed it. */
  penaltyMs: number;
  /** What became of a message is asked so long after it was sent, and again. */
  queryAfterMs: number;
  /** Questions without an answer, then a person is asked. */
  queries: number;
  /** A delivery that is still not possible after so long has failed. */
  giveUpMs: number;
  /** A task about a notice that could not be delivered is to be done within. */
  undeliverableMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const DEFAULT_CHANNELS: ChannelPolicy = {
  lanes: {
    red: {
      until: 'acknowledged',
      steps: [
        { afterMs: 0, channels: ['inbox', 'smtp', 'robot', 'sms'] },
        { afterMs: 3 * MINUTE, channels: ['voice'] },
      ],
    },
    duty: {
      until: 'opened',
      steps: [{ afterMs: 0, channels: ['inbox', 'smtp', 'sms'] }],
    },
    amber: {
      until: 'opened',
      steps: [
        { afterMs: 0, channels: ['inbox', 'smtp', 'robot'] },
        { afterMs: 30 * MINUTE, channels: ['sms'] },
        { afterMs: 4 * HOUR, channels: ['voice'] },
      ],
    },
    plain: {
      until: 'opened',
      steps: [
        { afterMs: 0, channels: ['inbox', 'smtp'] },
        { afterMs: 24 * HOUR, channels: ['robot'] },
      ],
    },
  },
  groupMs: MINUTE,
  // DingTalk and WeCom robots take 20 a minute and then close for ten; 18 leave room for clocks that differ.
  budgets: { robot: { messages: 18, windowMs: MINUTE, reserve: 6 } },
  penaltyMs: 10 * MINUTE,
  queryAfterMs: MINUTE,
  queries: 3,
  giveUpMs: 24 * HOUR,
  undeliverableMs: 4 * HOUR,
};

/**
 * How urgent a notice is. Red: alarms over a statutory limit at its outermost level, the highest supervision, a major hazard
 * that is overdue or found again: what can end in people being hurt.
 */
export const laneOf = (kind: NoticeKind, facts: NoticeFacts): Lane => {
  switch (kind) {
    case 'alarm':
      return facts.statutory === true && facts.judgement !== 'false' && (facts.alarmLevel === 'HH' || facts.alarmLevel === 'LL') ? 'red' : 'amber';
    case 'supervision':
      return facts.level === 3 || facts.grade === 'major' ? 'red' : 'amber';
    case 'overdue':
    case 'reopened':
    case 'look_back':
      return facts.grade === 'major' && facts.lookBackOutcome !== 'due' && facts.lookBackOutcome !== 'passed' ? 'red' : 'amber';
    case 'listing':
    case 'major_report':
    case 'rejection':
    case 'dispatch':
      return 'amber';
    case 'task':
      if (facts.taskKind === 'notice_undeliverable') return 'plain';
      return facts.phase === 'assigned' && facts.taskKind !== 'stop_and_inspect' ? 'plain' : 'duty';
    case 'reminder':
    case 'acceptance':
    case 'extension':
    case 'handover':
    case 'returned':
    case 'merged':
    case 'delisting':
      return 'plain';
  }
};

/** The step after the first `done` of a lane: when it is due and over which channels. Null: there is none. */
export const laneStep = (policy: ChannelPolicy, lane: Lane, done: number, issuedAt: number): { at: number; channels: Channel[] } | null => {
  const step = policy.lanes[lane].steps[done];
  return step ? { at: issuedAt + step.afterMs, channels: step.channels } : null;
};

/** Whether messages of a lane are folded into digests on a channel. Mail is a paper of its own, but for alarms, which come in floods. */
export const isGrouped = (lane: Lane, kind: string, channel: Channel): boolean => lane !== 'red' && channel !== 'inbox' && (channel !== 'smtp' || kind === 'alarm');

export interface AddressUse {
  /** Instant of the last message to the address over this channel; null: none. */
  lastAt: number | null;
  /** Messages within the window of the budget, and the instant of the oldest. */
  inWindow: number;
  oldestAt: number | null;
  /** The provider has closed the address until then; null: open. */
  blockedUntil: number | null;
  /** A digest for the address is being collected. */
  isCollecting: boolean;
}

/**
 * What to do with a message for an address now: send it, let a digest of `dueAt` tell of it, wait until an instant (mail
 * and red alarms of a closed address only), or leave this channel for the next one.
 */
export type Admission = { do: 'send' } | { do: 'collect'; dueAt: number } | { do: 'wait'; until: number } | { do: 'skip'; code: string };

export const admit = (policy: ChannelPolicy, message: { lane: Lane; kind: string; channel: OutsideChannel; isDigest: boolean }, use: AddressUse, now: number): Admission => {
  const { lane, channel } = message;
  const budget = policy.budgets[channel];
  const free = budget ? budget.messages - (lane === 'red' ? 0 : budget.reserve) : Infinity;
  const isOver = use.inWindow >= free;
  const openAt = Math.max(use.blockedUntil ?? 0, isOver && budget ? (use.oldestAt ?? now) + budget.windowMs : 0);
  if (lane === 'red') {
    // Nothing of the red lane waits for a robot that is closed: the next channel takes over at once.
    return openAt > now ? { do: 'skip', code: use.blockedUntil !== null && use.blockedUntil > now ? 'address_closed' : 'over_budget' } : { do: 'send' };
  }
  if (message.isDigest) return openAt > now ? { do: 'wait', until: openAt } : { do: 'send' };
  if (!isGrouped(lane, message.kind, channel)) return openAt > now ? { do: 'wait', until: openAt } : { do: 'send' };
  const nextAt = use.lastAt === null ? 0 : use.lastAt + policy.groupMs;
  const dueAt = Math.max(openAt, nextAt);
  return use.isCollecting || dueAt > now ? { do: 'collect', dueAt: Math.max(dueAt, now) } : { do: 'send' };
};
