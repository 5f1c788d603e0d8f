/** 送达回执: over which channels a notice went, and what became of each. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { deliveriesQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

const STEPS = [
  ['sent', 'sentAt'],
  ['delivered', 'deliveredAt'],
  ['opened', 'openedAt'],
  ['acknowledged', 'acknowledgedAt'],
  ['failed', 'failedAt'],
] as const;

export const Receipts = ({ noticeId }: { noticeId: string }) => {
  const { t } = useWords();
  const deliveries = useQuery(deliveriesQuery(noticeId));
  if (deliveries.isPending) return <Loading rows={1} />;
  if (deliveries.isError) return <ProblemPanel error={deliveries.error} onRetry={() => void deliveries.refetch()} />;
  if (deliveries.data.items.length === 0) return <p className="muted">{t('receipts.none')}</p>;
  return (
    <ul className="receipts">
      {deliveries.data.items.map((d, i) => (
        <li key={i}>
          <p>
            <strong>{t(`channel.${d.channel}`)}</strong> <span className={`mark mark-delivery-${d.state}`}>{t(`deliveryState.${d.state}`)}</span> {d.channel !== 'inbox' && <span className="muted">{d.address}</span>}
            {d.inDigest && <span className="muted"> · {t('receipts.digest')}</span>}
            {d.attempts > 1 && <span className="muted"> · {t('receipts.attempts', { count: d.attempts })}</span>}
          </p>
          <ol className="receipt-steps">
            {STEPS.filter(([, key]) => d[key] !== null).map(([name, key]) => (
              <li key={name} className={name === 'failed' ? 'field-error' : undefined}>
                {t(`receipts.${name}`)} <Time at={d[key]!} style="short" zone={false} />
              </li>
            ))}
          </ol>
          {d.error && (
            <p className="field-error">
              {d.error} {d.providerCode && <code>{d.providerCode}</code>}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
};

/** In a long list: read when they are asked for. */
export const ReceiptsOnDemand = ({ noticeId }: { noticeId: string }) => {
  const { t } = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="link-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {t('receipts.show')}
      </button>
      {isOpen && <Receipts noticeId={noticeId} />}
    </>
  );
};
