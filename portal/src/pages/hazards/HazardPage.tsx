import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { hazardQuery, packagesQuery, timelineQuery } from '../../api/queries.ts';
import type { Hazard } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Icon } from '../../components/Icon.tsx';
import { GradeMark, StateMark, SupervisionMark } from '../../components/Marks.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Due, Time } from '../../components/Time.tsx';
import { Acts } from './Acts.tsx';
import { CaseState } from './CaseState.tsx';
import { EvidenceGallery } from './EvidenceGallery.tsx';
import { Proof } from './Proof.tsx';
import { Stepper } from './Stepper.tsx';
import { Timeline } from './Timeline.tsx';

const Facts = ({ hazard }: { hazard: Hazard }) => {
  const { t, name, path, word } = useWords();
  return (
    <dl className="facts">
      <div>
        <dt>{t('hazards.enterprise')}</dt>
        <dd>{name(hazard.tenant)}</dd>
      </div>
      <div>
        <dt>{t('hazard.place')}</dt>
        <dd>{hazard.asset ? path(hazard.asset) : hazard.point ? hazard.point.coordinates.map((n) => n.toFixed(5)).join(', ') : t('hazard.noPlace')}</dd>
      </div>
      <div>
        <dt>{t('hazards.type')}</dt>
        <dd>{word(HAZARD_TYPES[hazard.type])}</dd>
      </div>
      <div>
        <dt>{t('hazard.responsible')}</dt>
        <dd>{hazard.responsible ? name(hazard.responsible) : t(hazard.needsOwner ? 'hazard.needsOwner' : 'hazard.noResponsible')}</dd>
      </div>
      <div>
        <dt>{t('hazards.reportedAt')}</dt>
        <dd>
          <Time at={hazard.reportedAt} />
        </dd>
      </div>
      <div>
        <dt>{t('hazard.origin')}</dt>
        <dd>{t(`origin.${hazard.origin}`)}</dd>
      </div>
      {hazard.rejections > 0 && (
        <div>
          <dt>{t('hazard.rejections')}</dt>
          <dd>{hazard.rejections}</dd>
        </div>
      )}
      {hazard.source && (
        <div className="facts-wide">
          <dt>{t('hazard.source')}</dt>
          <dd className="source">
            <span>
              {t('hazard.event')} <code>{hazard.source.eventId}</code>
            </span>
            <span>
              {t('hazard.rule')} <code>{hazard.source.ruleId}</code> {t('hazard.version', { version: hazard.source.ruleVersion })}
            </span>
            <span>{hazard.source.flowVersion === null ? t('hazard.noFlow') : t('hazard.flow', { version: hazard.source.flowVersion })}</span>
          </dd>
        </div>
      )}
    </dl>
  );
};

const DueBox = ({ hazard }: { hazard: Hazard }) => {
  const { t } = useWords();
  if (hazard.closedAt) {
    return (
      <p className="due-box">
        <span className="muted">{t('hazard.closedAt')}</span> <Time at={hazard.closedAt} />
      </p>
    );
  }
  const open = hazard.deadlines.filter((d) => !d.metAt).sort((a, b) => a.dueAt.localeCompare(b.dueAt));
  const at = hazard.dueAt ?? open[0]?.dueAt;
  if (!at) return null;
  const kind = open.find((d) => d.dueAt === at)?.kind;
  return (
    <p className={hazard.overdue ? 'due-box due-box-past' : 'due-box'}>
      <span className="muted">{kind ? t(`deadline.${kind}`) : t('hazards.due')}</span> <Due at={at} />
      <br />
      <Time at={at} />
    </p>
  );
};

export const HazardPage = () => {
  const { t, own } = useWords();
  const { id = '' } = useParams();
  const client = useQueryClient();
  const hazard = useQuery(hazardQuery(id));
  const timeline = useQuery(timelineQuery(id));
  const [done, setDone] = useState<string | null>(null);
  const { may } = useSession();
  const packages = useQuery({ ...packagesQuery(id, hazard.data?.seq ?? 0), enabled: hazard.data !== undefined && may('archive.read') });
  const made = packages.data?.items ?? [];

  if (hazard.isPending) return <Loading rows={8} />;
  if (!hazard.data) {
    return (
      <div className="page">
        <h1 className="visually-hidden">{t('hazards.case')}</h1>
        <ProblemPanel error={hazard.error} onRetry={() => void hazard.refetch()} />
        <p>
          <Link to="/hazards">{t('hazards.title')}</Link>
        </p>
      </div>
    );
  }
  const h = hazard.data;
  const reload = (): void => {
    for (const key of ['hazard', 'timeline']) void client.invalidateQueries({ queryKey: [key, id] });
    for (const key of ['hazards', 'map', 'board']) void client.invalidateQueries({ queryKey: [key] });
  };

  return (
    <article className="page hazard">
      <p className="crumbs">
        <Link to="/hazards">
          <Icon name="back" />
          {t('hazards.title')}
        </Link>
        <code>{h.number}</code>
      </p>
      <header className="hazard-head">
        <div>
          <h1>{own(h.title)}</h1>
          <p className="marks">
            <StateMark state={h.state} />
            <GradeMark grade={h.grade} />
            {h.statutory && <span className="mark mark-statutory">{t('hazard.statutory')}</span>}
            {h.overdue && <span className="mark mark-overdue">{t('hazards.overdue')}</span>}
            <SupervisionMark level={h.supervision} open={h.supervisionOpen} />
            {h.listed && <span className="mark mark-listed">{t('listing.badge', { level: t(`listing.${h.listed.level}`) })}</span>}
            {h.paused && <span className="mark mark-grade-none">{t('pause.running')}</span>}
            {h.extension && <span className="mark mark-state-reported">{t('extension.pending')}</span>}
            {h.cycle > 1 && <span className="mark mark-grade-none">{t('hazard.cycle', { cycle: h.cycle })}</span>}
          </p>
        </div>
        <DueBox hazard={h} />
      </header>
      <Stepper state={h.state} />
      <div className="hazard-columns">
        <div className="hazard-main">
          <p className="done" role="status">
            {done}
          </p>
          <Acts
            hazard={h}
            onDone={(command) => {
              setDone(t('act.done', { act: t(`command.${command}`) }));
              reload();
            }}
            onRefused={() => {
              setDone(null);
              reload();
            }}
          />
          <CaseState hazard={h} timeline={timeline.data?.items ?? []} packages={made} />
          <section className="card" aria-labelledby="facts-title">
            <h2 id="facts-title">{t('hazard.facts')}</h2>
            <p className="description">{own(h.description)}</p>
            <Facts hazard={h} />
          </section>
          <section className="card" aria-labelledby="evidence-title">
            <h2 id="evidence-title">{t('evidence.title')}</h2>
            <EvidenceGallery items={h.evidence} />
          </section>
          <Proof hazard={h} packages={made} />
        </div>
        <section className="card hazard-timeline" aria-labelledby="timeline-title">
          <h2 id="timeline-title">{t('timeline.title')}</h2>
          {timeline.isPending && <Loading />}
          {timeline.isError && <ProblemPanel error={timeline.error} onRetry={() => void timeline.refetch()} />}
          {timeline.data && <Timeline items={timeline.data.items} />}
        </section>
      </div>
    </article>
  );
};
