/** Evidence by content. What was superseded stays, marked as such. */
import type { EvidenceItem } from '../../api/types.ts';
import { formatNumber } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { Empty } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { EvidenceOrigin } from './EvidenceOrigin.tsx';

/** The facts that a person reads; ids of sensors and nodes are in the record. */
const FACTS = ['title', 'description', 'text', 'note', 'level', 'value', 'limit', 'eventId'] as const;

const Detail = ({ detail }: { detail: Record<string, unknown> }) => {
  const { t, language } = useWords();
  const unit = typeof detail.unit === 'string' ? ` ${detail.unit}` : '';
  const facts = FACTS.flatMap((key) => {
    const value = detail[key];
    if (typeof value === 'number') return [{ key, text: `${formatNumber(value, language)}${unit}` }];
    return typeof value === 'string' && value.trim() !== '' ? [{ key, text: value }] : [];
  });
  if (facts.length === 0) return null;
  return (
    <dl className="evidence-detail">
      {facts.map(({ key, text }) => (
        <div key={key}>
          <dt>{t(`evidenceFact.${key}`)}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
};

export const EvidenceGallery = ({ items }: { items: EvidenceItem[] }) => {
  const { t, name } = useWords();
  if (items.length === 0) return <Empty title={t('evidence.none')} />;
  return (
    <ul className="evidence">
      {items.map((item) => (
        <li key={item.id} id={`evidence-${item.id}`} className={item.supersededById ? 'evidence-item evidence-superseded' : 'evidence-item'}>
          {item.sha256 && item.mediaType?.startsWith('image/') && (
            <a href={`/api/v1/blobs/${item.sha256}`} target="_blank" rel="noreferrer">
              <img src={`/api/v1/blobs/${item.sha256}?size=thumbnail`} alt={t('evidence.photoOf', { purpose: t(`purpose.${item.purpose}`) })} loading="lazy" />
            </a>
          )}
          {item.sha256 && item.mediaType?.startsWith('video/') && <video src={`/api/v1/blobs/${item.sha256}`} controls preload="metadata" aria-label={t('evidence.video')} />}
          <div className="evidence-facts">
            <p>
              <strong>{t(`purpose.${item.purpose}`)}</strong>
              {item.supersededById && (
                <>
                  {' '}
                  <a className="mark mark-grade-none" href={`#evidence-${item.supersededById}`}>
                    {t('evidence.superseded')}
                  </a>
                </>
              )}
              {item.supersedesId && (
                <>
                  {' '}
                  <a className="mark mark-grade-none" href={`#evidence-${item.supersedesId}`}>
                    {t('evidence.supersedes')}
                  </a>
                </>
              )}
            </p>
            <p className="muted">
              {item.uploader ? name(item.uploader) : t('timeline.system')} · <Time at={item.recordedAt} />
            </p>
            {item.capturedAt && (
              <p className="muted">
                {t(item.purpose === 'sensor' ? 'evidence.measured' : 'evidence.captured')} <Time at={item.capturedAt} />
              </p>
            )}
            {item.detail && <Detail detail={item.detail} />}
            {item.sha256 && (
              <p className="evidence-hash">
                SHA-256 <code>{item.sha256}</code>
              </p>
            )}
            {item.sha256 && <EvidenceOrigin sha256={item.sha256} />}
          </div>
        </li>
      ))}
    </ul>
  );
};
