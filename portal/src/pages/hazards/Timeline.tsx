/** What happened to the case, newest first: moves and refused moves, deadlines, supervision, notices. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { isRefusalCode, REFUSALS } from '../../../../domain/errors.ts';
import type { TimelineItem, Transition } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Time } from '../../components/Time.tsx';
import { ReceiptsOnDemand } from '../notices/Receipts.tsx';

const Moved = ({ transition: m }: { transition: Transition }) => {
  const { t, name, word } = useWords();
  return (
    <>
      <p className="event-title">
        {t(`command.${m.command}`)}
        {m.refusalCode && <span className="mark mark-overdue">{t('timeline.refused')}</span>}
      </p>
      <p className="muted">
        {m.actor ? name(m.actor) : t('timeline.system')}
        {m.actorRole && ` · ${t(`role.${m.actorRole}`)}`}
        {!m.refusalCode && m.to && m.from !== m.to && ` · ${m.from ? `${t(`hazardState.${m.from}`)} → ` : ''}${t(`hazardState.${m.to}`)}`}
      </p>
      {m.refusalCode && (
        <p>
          {isRefusalCode(m.refusalCode) && word(REFUSALS[m.refusalCode])} <code>{m.refusalCode}</code>
        </p>
      )}
      {m.reason && <p className="event-reason">{m.reason}</p>}
      {m.clockSkew && m.clientAt && (
        <p className="muted">
          {t('timeline.clockSkew')} <Time at={m.clientAt} />
        </p>
      )}
    </>
  );
};

const Content = ({ item }: { item: TimelineItem }): ReactNode => {
  const { t, name } = useWords();
  const { may } = useSession();
  switch (item.kind) {
    case 'transition':
      return <Moved transition={item.transition} />;
    case 'deadline':
      return (
        <>
          <p className="event-title">{t(`deadlineEvent.${item.event}`, { deadline: t(`deadline.${item.deadline.kind}`) })}</p>
          {item.event === 'started' && (
            <p className="muted">
              {t('timeline.dueAt')} <Time at={item.deadline.dueAt} />
            </p>
          )}
        </>
      );
    case 'supervision':
      return (
        <>
          <p className="event-title">{t(`supervisionEvent.${item.event}`, { level: item.level })}</p>
          <p className="muted">
            {item.event === 'opened' ? t(`supervisionCause.${item.cause}`) : item.outcome ? t(`supervisionOutcome.${item.outcome}`) : ''}
            {item.event === 'opened' && (
              <>
                {' · '}
                {t('timeline.dueAt')} <Time at={item.dueAt} />
              </>
            )}
          </p>
        </>
      );
    case 'notice':
      return (
        <>
          <p className="event-title">{may('notice.read') ? <Link to={`/notices/${item.notice.id}`}>{item.notice.subject}</Link> : item.notice.subject}</p>
          <p className="muted">
            {t(`noticeKind.${item.notice.kind}`)} · {t(item.notice.isCopy ? 'timeline.copyTo' : 'timeline.sentTo', { name: name(item.notice.recipient) })} · {t(item.notice.readAt ? 'notices.read' : 'notices.unread')}
          </p>
          {may('notice.receipts') && <ReceiptsOnDemand noticeId={item.notice.id} />}
        </>
      );
  }
};

const toneOf = (item: TimelineItem): string => {
  if (item.kind === 'transition') return item.transition.refusalCode ? 'refused' : 'move';
  if (item.kind === 'deadline') return item.event === 'breached' ? 'breached' : 'deadline';
  return item.kind;
};

export const Timeline = ({ items }: { items: TimelineItem[] }) => (
  <ol className="timeline" reversed>
    {[...items].reverse().map((item, i) => (
      <li key={items.length - i} className={`event event-${toneOf(item)}`}>
        <p className="event-time muted">
          <Time at={item.at} />
        </p>
        <Content item={item} />
      </li>
    ))}
  </ol>
);
