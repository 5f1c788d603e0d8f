/**
 * 研判台: what waits for a decision of the park, in lanes. A card is chosen and handled beside the board with the same forms as
 * on the page of the case. Arrow keys move between cards; on a phone one lane is shown at a time.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { boardQuery, duplicatesQuery, hazardQuery } from '../../api/queries.ts';
import type { ActName, BoardItem, BoardLane, Duplicate } from '../../api/types.ts';
import { formatDuration, useNow } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Icon } from '../../components/Icon.tsx';
import { GradeMark, SupervisionMark } from '../../components/Marks.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';
import { Due, Since } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';
import { Acts } from '../hazards/Acts.tsx';

/** The act that a lane waits for. */
const NEXT: Record<BoardLane, ActName> = { reported: 'triage', needs_owner: 'dispatch', extension: 'decideExtension', review: 'accept', look_back: 'lookBack', listed: 'delist' };

/** How much of the term is used, as a line; in words beside it. */
const Term = ({ since, dueAt }: { since: string; dueAt: string }) => {
  const now = useNow();
  const share = Math.min(1, Math.max(0, (now - Date.parse(since)) / (Date.parse(dueAt) - Date.parse(since) || 1)));
  return <progress className={share >= 1 ? 'term term-past' : share > 0.75 ? 'term term-soon' : 'term'} value={share} max={1} aria-hidden="true" />;
};

const Card = ({ item, lane, isChosen, onChoose }: { item: BoardItem; lane: BoardLane; isChosen: boolean; onChoose: () => void }) => {
  const { t, name, word, own, language } = useWords();
  const now = useNow();
  const { hazard: h } = item;
  return (
    <li className={isChosen ? 'board-card board-card-chosen' : 'board-card'}>
      <button type="button" className="board-open" aria-pressed={isChosen} onClick={onChoose}>
        {item.thumbnail ? <img className="board-photo" src={`/api/v1/blobs/${item.thumbnail}?size=thumbnail`} alt="" loading="lazy" /> : <span className="board-photo board-nophoto"><Icon name={h.origin === 'manual' ? 'person' : 'overview'} /></span>}
        <span className="board-text">
          <span className="board-title">{own(h.title)}</span>
          <span className="muted">
            {h.number} · {word(HAZARD_TYPES[h.type])}
          </span>
          <span className="muted">
            {name(h.tenant)}
            {h.asset && ` · ${h.asset.code}`}
          </span>
        </span>
      </button>
      <p className="marks">
        <GradeMark grade={h.grade} />
        <span className="mark">{t(`source.${h.origin}`)}</span>
        {item.statutory && <span className="mark mark-statutory">{t('hazard.statutory')}</span>}
        {item.listed && <span className="mark mark-listed">{t('listing.badge', { level: t(`listing.${item.listed}`) })}</span>}
        {h.needsOwner && <span className="mark mark-state-reported">{t('hazard.needsOwner')}</span>}
        {h.overdue && <span className="mark mark-overdue">{t('hazards.overdue')}</span>}
        <SupervisionMark level={h.supervision} open={h.supervisionOpen} />
        {item.reportCount > 1 && <span className="mark">{t('board.reports', { count: item.reportCount })}</span>}
        {item.duplicates > 0 && <span className="mark mark-duplicate">{t('board.duplicates', { count: item.duplicates })}</span>}
      </p>
      <p className="board-time">
        <span className="muted">
          {t(`boardSince.${lane}`)} {formatDuration(Math.max(0, now - Date.parse(item.since)), language)}
        </span>
        {item.dueAt && <Due at={item.dueAt} />}
      </p>
      {item.dueAt && <Term since={item.since} dueAt={item.dueAt} />}
    </li>
  );
};

const DuplicateRow = ({ duplicate: d, hazardId, seq, onMerged }: { duplicate: Duplicate; hazardId: string; seq: number; onMerged: () => void }) => {
  const { t, own } = useWords();
  const merge = useAct<unknown>(`/api/v1/hazards/${hazardId}/acts`, { onSuccess: onMerged });
  return (
    <li className="duplicate">
      <div>
        <Link to={`/hazards/${d.hazard.id}`}>{own(d.hazard.title)}</Link>{' '}
        <span className="muted">
          {d.hazard.number} · <Since at={d.hazard.reportedAt} />
        </span>
        <p className="marks">
          <span className="mark mark-duplicate">{t('board.alike', { percent: Math.round(d.score * 100) })}</span>
          {d.reasons.map((r) => (
            <span key={r} className="mark">
              {t(`duplicateReason.${r}`, { metres: d.metres ?? 0 })}
            </span>
          ))}
        </p>
      </div>
      <button
        type="button"
        className="button"
        disabled={merge.isPending}
        onClick={() => merge.mutate({ body: { act: 'merge', intoHazardId: d.hazard.id, reason: t('board.mergeReason', { number: d.hazard.number, reasons: d.reasons.map((r) => t(`duplicateReason.${r}`, { metres: d.metres ?? 0 })).join(', ') }) }, ifMatch: `"${seq}"` })}
      >
        {t('board.mergeInto')}
      </button>
      {merge.error && <ProblemPanel error={merge.error} />}
    </li>
  );
};

const Panel = ({ id, lane, onDone, onMerged, onClose }: { id: string; lane: BoardLane; onDone: (act: ActName) => void; onMerged: () => void; onClose: () => void }) => {
  const { t, own } = useWords();
  const client = useQueryClient();
  const hazard = useQuery(hazardQuery(id));
  const mayMerge = hazard.data?.allowedActs.includes('merge') ?? false;
  const duplicates = useQuery({ ...duplicatesQuery(id), enabled: mayMerge });
  const heading = useRef<HTMLHeadingElement>(null);
  const isThere = hazard.data !== undefined;
  useEffect(() => {
    if (isThere) heading.current?.focus();
  }, [isThere, id]);
  return (
    <aside className="board-panel card" aria-labelledby="board-panel-title">
      <div className="section-head">
        <h2 id="board-panel-title" tabIndex={-1} ref={heading}>
          {hazard.data ? own(hazard.data.title) : t('state.loading')}
        </h2>
        <button type="button" className="icon-button" aria-label={t('action.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {hazard.isPending && <Loading rows={4} />}
      {hazard.isError && <ProblemPanel error={hazard.error} onRetry={() => void hazard.refetch()} />}
      {hazard.data && (
        <>
          <p className="description">{own(hazard.data.description)}</p>
          <p>
            <Link to={`/hazards/${id}`}>{t('board.openCase')}</Link>
          </p>
          {mayMerge && duplicates.data && duplicates.data.items.length > 0 && (
            <section aria-labelledby="duplicates-title">
              <h3 id="duplicates-title">{t('board.duplicatesTitle')}</h3>
              <ul className="duplicates">
                {duplicates.data.items.map((d) => (
                  <DuplicateRow key={d.hazard.id} duplicate={d} hazardId={id} seq={hazard.data.seq} onMerged={onMerged} />
                ))}
              </ul>
            </section>
          )}
          <Acts key={id} hazard={hazard.data} open={NEXT[lane]} onDone={onDone} onRefused={() => void client.invalidateQueries({ queryKey: ['hazard', id] })} />
        </>
      )}
    </aside>
  );
};

/** The card that an arrow key leads to. */
const moveFocus = (event: KeyboardEvent<HTMLElement>): void => {
  if (!['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight'].includes(event.key) || !(event.target instanceof HTMLElement) || !event.target.classList.contains('board-open')) return;
  const lanes = [...event.currentTarget.querySelectorAll('.board-lane')].map((lane) => [...lane.querySelectorAll<HTMLElement>('.board-open')]).filter((cards) => cards.length > 0);
  const column = lanes.findIndex((cards) => cards.includes(event.target as HTMLElement));
  const row = lanes[column]?.indexOf(event.target) ?? 0;
  const beside = lanes[column + (event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0)];
  const next = event.key === 'ArrowDown' ? lanes[column]?.[row + 1] : event.key === 'ArrowUp' ? lanes[column]?.[row - 1] : beside?.[Math.min(row, beside.length - 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
};

const Undo = ({ hazardId, onUndone }: { hazardId: string; onUndone: () => void }) => {
  const { t } = useWords();
  const undo = useAct<unknown>(`/api/v1/hazards/${hazardId}/acts`, { onSuccess: onUndone });
  return (
    <>
      <button type="button" className="button" disabled={undo.isPending} onClick={() => undo.mutate({ body: { act: 'unmerge', reason: t('board.undoReason') } })}>
        {t('board.undo')}
      </button>
      {undo.error && <ProblemPanel error={undo.error} />}
    </>
  );
};

export const TriagePage = () => {
  const { t } = useWords();
  const { may } = useSession();
  const client = useQueryClient();
  const board = useQuery({ ...boardQuery(), refetchInterval: 60_000 });
  const [params, setParams] = useSearchParams();
  const chosen = params.get('case');
  const [merged, setMerged] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const shownLane = (params.get('lane') ?? 'reported') as BoardLane;
  const set = (changes: Record<string, string | null>): void =>
    setParams(
      (now) => {
        for (const [key, value] of Object.entries(changes)) {
          if (value) now.set(key, value);
          else now.delete(key);
        }
        return now;
      },
      { replace: true },
    );
  const reload = (): void => {
    for (const key of ['board', 'hazards', 'duplicates', 'hazard', 'map']) void client.invalidateQueries({ queryKey: [key] });
  };
  const finish = (text: string): void => {
    setDone(text);
    set({ case: null });
    reload();
  };
  const lanes = board.data?.lanes ?? [];
  const isEmpty = board.isSuccess && lanes.every((l) => l.count === 0);
  const laneOfChosen = lanes.find((l) => l.items.some((i) => i.hazard.id === chosen))?.lane ?? shownLane;

  return (
    <div className="page page-board">
      <div className="page-head">
        <div>
          <h1>{t('board.title')}</h1>
          <p className="muted">{t('board.text')}</p>
        </div>
        {may('hazard.report') && (
          <Link className="button" to="/report">
            {t('nav.report')}
          </Link>
        )}
      </div>
      <p className="done" role="status">
        {done}
        {merged && (
          <>
            {' '}
            <Undo
              hazardId={merged}
              onUndone={() => {
                setMerged(null);
                finish(t('board.undone'));
              }}
            />
          </>
        )}
      </p>
      {board.isPending && <Loading rows={6} />}
      {board.isError && <ProblemPanel error={board.error} onRetry={() => void board.refetch()} />}
      {isEmpty && <Empty title={t('board.empty')} />}
      {lanes.length > 0 && !isEmpty && (
        <>
          <div className="board-tabs" role="group" aria-label={t('board.lanes')}>
            {lanes.map((l) => (
              <button key={l.lane} type="button" className="chip" aria-pressed={l.lane === shownLane} onClick={() => set({ lane: l.lane })}>
                {t(`lane.${l.lane}`)} {l.count}
              </button>
            ))}
          </div>
          <div className={chosen ? 'board board-with-panel' : 'board'}>
            <div className="board-lanes" onKeyDown={moveFocus}>
              {lanes.map(({ lane, count, items }) => (
                <section key={lane} className={lane === shownLane ? 'board-lane board-lane-shown' : 'board-lane'} aria-labelledby={`lane-${lane}`}>
                  <h2 id={`lane-${lane}`}>
                    {t(`lane.${lane}`)} <span className="board-count">{count}</span>
                  </h2>
                  {items.length === 0 && <p className="muted board-none">{t('board.none')}</p>}
                  <ul>
                    {items.map((item) => (
                      <Card
                        key={item.hazard.id}
                        item={item}
                        lane={lane}
                        isChosen={item.hazard.id === chosen && lane === laneOfChosen}
                        onChoose={() => {
                          setDone(null);
                          setMerged(null);
                          set({ case: item.hazard.id, lane });
                        }}
                      />
                    ))}
                  </ul>
                  {count > items.length && <p className="muted board-none">{t('board.moreCases', { count: count - items.length })}</p>}
                </section>
              ))}
            </div>
            {chosen && (
              <Panel
                key={chosen}
                id={chosen}
                lane={laneOfChosen}
                onClose={() => set({ case: null })}
                onDone={(act) => finish(t('act.done', { act: t(`command.${act}`) }))}
                onMerged={() => {
                  setMerged(chosen);
                  finish(t('act.done', { act: t('command.merge') }));
                }}
              />
            )}
          </div>
        </>
      )}
    </div>
  );
};
