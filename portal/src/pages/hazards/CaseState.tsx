/** What else is true of the case: items, extension, pause, signatures, listing, look-backs, rounds and links to other cases. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { ArchivePackage, Hazard, PersonRef, TimelineItem } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { Due, Time } from '../../components/Time.tsx';

const Items = ({ items }: { items: Hazard['items'] }) => {
  const { t, own } = useWords();
  return (
    <ul className="items">
      {items.map((item) => (
        <li key={item.itemId} className={`item item-${item.state}`}>
          <span className="item-title">{own(item.title)}</span>
          <span className={`mark mark-item-${item.state}`}>{t(`itemState.${item.state}`)}</span>
          {item.dueAt && item.state !== 'accepted' && (
            <span className="item-due">
              <Due at={item.dueAt} />
            </span>
          )}
          {item.rejections > 0 && <span className="muted">{t('item.rejections', { count: item.rejections })}</span>}
        </li>
      ))}
    </ul>
  );
};

const Signatures = ({ hazard }: { hazard: Hazard }) => {
  const { t, name } = useWords();
  const signed = new Set(hazard.signatures.map((s) => s.person?.id));
  const missing = hazard.signers.filter((p): p is PersonRef => p !== null && !signed.has(p.id));
  const second = hazard.grade === 'major' && hazard.signatures.length === 0 && hazard.state === 'submitted';
  return (
    <ul className="signatures">
      {hazard.signatures.map((s, i) => (
        <li key={i}>
          <span className="mark mark-state-archived">{t('signature.signed')}</span> {s.person ? name(s.person) : t('signature.somebody')}{' '}
          <span className="muted">
            <Time at={s.at} />
          </span>
        </li>
      ))}
      {missing.map((p) => (
        <li key={p.id}>
          <span className="mark mark-state-reported">{t('signature.missing')}</span> {name(p)}
        </li>
      ))}
      {second && (
        <li>
          <span className="mark mark-state-reported">{t('signature.missing')}</span> {t('signature.second')}
        </li>
      )}
    </ul>
  );
};

interface Round {
  n: number;
  startedAt: string;
  acceptedAt: string | null;
}
/** Rounds as the record tells them: each begins with the opening or a reopening. */
const roundsOf = (items: TimelineItem[]): Round[] => {
  const rounds: Round[] = [];
  for (const item of items) {
    if (item.kind !== 'transition' || item.transition.refusalCode !== null) continue;
    const { command } = item.transition;
    if (command === 'open' || command === 'reopen') rounds.push({ n: rounds.length + 1, startedAt: item.at, acceptedAt: null });
    else if (command === 'accept' && rounds.length > 0) rounds.at(-1)!.acceptedAt = item.at;
  }
  return rounds;
};

const Rounds = ({ rounds, packages }: { rounds: Round[]; packages: ArchivePackage[] }) => {
  const { t } = useWords();
  return (
    <ol className="rounds">
      {rounds.map((r) => {
        const made = packages.find((p) => p.cycle === r.n);
        return (
          <li key={r.n}>
            <strong>{t('hazard.cycle', { cycle: r.n })}</strong>{' '}
            <span className="muted">
              <Time at={r.startedAt} style="short" /> {r.acceptedAt ? <>→ {t('hazardState.accepted')} <Time at={r.acceptedAt} style="short" /></> : `→ ${t('round.open')}`}
              {made && ` · ${t('round.packaged')}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
};

export const CaseState = ({ hazard, timeline, packages }: { hazard: Hazard; timeline: TimelineItem[]; packages: ArchivePackage[] }) => {
  const { t } = useWords();
  const rows: { key: string; title: string; content: ReactNode }[] = [];
  const add = (key: string, title: string, content: ReactNode): void => void rows.push({ key, title, content });

  if (hazard.items.length > 1 || hazard.items.some((i) => i.dueAt !== null)) add('items', t('item.title'), <Items items={hazard.items} />);
  if (hazard.extension) {
    add(
      'extension', t('extension.title'),
      <p>
        <span className="mark mark-state-reported">{t('extension.pending')}</span> {t('extension.askedUntil')} <Time at={hazard.extension.dueAt} />
        <span className="muted"> · {t('extension.askedAt')} <Time at={hazard.extension.requestedAt} style="short" /></span>
      </p>,
    );
  } else if (hazard.extensions > 0) add('extension', t('extension.title'), <p>{t('extension.granted', { count: hazard.extensions })}</p>);
  if (hazard.paused) {
    add(
      'paused', t('pause.title'),
      <p>
        <span className="mark mark-grade-none">{t('pause.running')}</span> {t('pause.until')} <Time at={hazard.paused.until} />
        <span className="muted"> · {t('pause.since')} <Time at={hazard.paused.at} style="short" /></span>
      </p>,
    );
  }
  if (hazard.signatures.length > 0 || hazard.signers.length > 0 || (hazard.grade === 'major' && hazard.state === 'submitted')) add('signatures', t('signature.title'), <Signatures hazard={hazard} />);
  if (hazard.grade === 'major' && ['dispatched', 'rectifying', 'submitted'].includes(hazard.state)) add('plan', t('plan.title'), <p>{t(hazard.planned ? 'plan.made' : 'plan.missing')}</p>);
  if (hazard.listed) {
    add(
      'listed', t('listing.title'),
      <p>
        {t(`listing.${hazard.listed.level}`)}
        <span className="muted"> · <Time at={hazard.listed.at} style="short" /></span>
      </p>,
    );
  }
  if (hazard.lookBacks.length > 0) {
    add(
      'lookBacks', t('lookBack.title'),
      <ol className="look-backs">
        {hazard.lookBacks.map((l) => (
          <li key={l.n}>
            <span className={`mark mark-look-back-${l.state}`}>{t(`lookBackState.${l.state}`)}</span> {t('lookBack.n', { n: l.n })}{' '}
            <span className="muted">
              <Time at={l.dueAt} style="short" />
            </span>
          </li>
        ))}
      </ol>,
    );
  }
  const rounds = roundsOf(timeline);
  if (rounds.length > 1) add('rounds', t('round.title'), <Rounds rounds={rounds} packages={packages} />);
  const links = [
    ...(hazard.mergedInto ? [{ id: hazard.mergedInto, text: t('link.mergedInto') }] : []),
    ...hazard.absorbed.map((id, i) => ({ id, text: t('link.absorbed', { n: i + 1 }) })),
    ...(hazard.predecessorId ? [{ id: hazard.predecessorId, text: t('link.predecessor') }] : []),
    ...(hazard.successorId ? [{ id: hazard.successorId, text: t('link.successor') }] : []),
  ];
  if (links.length > 0) {
    add(
      'links', t('link.title'),
      <ul className="case-links">
        {links.map((l) => (
          <li key={l.id}>
            <Link to={`/hazards/${l.id}`}>{l.text}</Link>
          </li>
        ))}
      </ul>,
    );
  }
  if (hazard.reportCount > 1) add('reports', t('report.count'), <p>{t('report.joinedCount', { count: hazard.reportCount })}</p>);
  if (rows.length === 0) return null;
  return (
    <section className="card" aria-labelledby="case-state-title">
      <h2 id="case-state-title">{t('hazard.progress')}</h2>
      <dl className="case-state">
        {rows.map((r) => (
          <div key={r.key}>
            <dt>{r.title}</dt>
            <dd>{r.content}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
};
