/**
 * 报警: one episode, from raised until it has returned to normal, was acknowledged and judged. The ladder climbs until
 * somebody acknowledges; then the judge ladder reminds until somebody has judged.
 */
import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { AlarmFacts } from '../../domain/alarm.ts';
import { checkAcknowledge, checkConfirm, isAlarmOver, nextRung } from '../../domain/alarm.ts';
import type { NoticeRecipient } from '../../domain/notices.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { accepted, refusalFailure } from '../refusal.ts';
import type { AlarmHandlingInput } from './messages.ts';
import { acknowledgeAlarmUpdate, alarmStateQuery, confirmAlarmUpdate, sensorAlarmSignal } from './messages.ts';

const { openAlarm, recordAlarm } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

interface Change {
  rung: { rung: number; recipients: NoticeRecipient[] } | null;
  confirmed: { at: number; by: string; reason: string } | null;
}

export async function alarmHandling({ episodeId }: AlarmHandlingInput): Promise<AlarmFacts | null> {
  let a: AlarmFacts | null = null;
  let policy: Pick<ParkPolicy, 'alarmLadder' | 'judgeLadder'> = DEFAULT_POLICY;
  let clearedAt: number | null = null;
  let toldAt = 0;

  let seq = 0;
  let recordedSeq = 0;
  let tail: Promise<void> = Promise.resolve();
  /** Puts the facts as they are now on the record, after everything before. */
  const record = (change: Partial<Change> = {}): Promise<void> => {
    seq += 1;
    const input = { facts: a!, seq, confirmed: change.confirmed ?? null, closedAt: isAlarmOver(a!) ? Date.now() : null, rung: change.rung ?? null };
    tail = tail.then(async () => {
      await recordAlarm(input);
      recordedSeq = input.seq;
    });
    return tail;
  };

  /** Tells every rung that has come due. */
  const climb = (now: number): void => {
    for (let rung = nextRung(a!, toldAt, policy); rung && rung.at <= now; rung = nextRung(a!, toldAt, policy)) {
      a = { ...a!, escalation: rung.rung };
      void record({ rung });
    }
  };

  setHandler(alarmStateQuery, () => a);
  setHandler(sensorAlarmSignal, ({ kind, at }) => {
    // Raised and cleared come in any order and repeatedly: only the first return to normal changes anything.
    if (kind !== 'cleared' || clearedAt !== null) return;
    clearedAt = at;
    if (!a || a.clearedAt !== null) return;
    climb(Date.now());
    a = { ...a, clearedAt };
    void record();
  });

  const present = (): AlarmFacts => {
    if (!a) throw refusalFailure({ code: 'alarm.not_found' });
    return a;
  };
  setHandler(
    acknowledgeAlarmUpdate,
    async ({ actor }) => {
      climb(Date.now());
      accepted(checkAcknowledge(present(), actor));
      const after = { ...present(), acknowledgedAt: Date.now(), acknowledgedBy: actor.personId };
      a = after;
      await record();
      return after;
    },
    { validator: ({ actor }) => void accepted(checkAcknowledge(present(), actor)) },
  );
  setHandler(
    confirmAlarmUpdate,
    async ({ actor, real, reason }) => {
      climb(Date.now());
      accepted(checkConfirm(present(), actor, real, reason));
      const after = { ...present(), confirmed: real };
      a = after;
      await record({ confirmed: { at: Date.now(), by: actor.personId, reason } });
      return after;
    },
    { validator: ({ actor, real, reason }) => void accepted(checkConfirm(present(), actor, real, reason)) },
  );

  const opened = await openAlarm({ episodeId });
  if (!opened.facts || opened.closed) return opened.facts;
  policy = opened.policy;
  toldAt = Date.now();
  a = { ...opened.facts, clearedAt: opened.facts.clearedAt ?? clearedAt };
  const first = policy.alarmLadder[0];
  void record(first && { rung: { rung: 0, recipients: first.recipients } });

  while (!isAlarmOver(a)) {
    const due = nextRung(a, toldAt, policy);
    const changed = (): boolean => isAlarmOver(a!) || nextRung(a!, toldAt, policy)?.at !== due?.at;
    const left = due ? due.at - Date.now() : null;
    if (left === null) await condition(changed);
    else if (left > 0) await condition(changed, left);
    climb(Date.now());
  }
  await condition(() => recordedSeq === seq && allHandlersFinished());
  return a;
}
