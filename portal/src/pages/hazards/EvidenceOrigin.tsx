/** For the park: what a file says of its own origin, and the file as it was sent. Both are asked for, never shown unasked. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/client.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Time } from '../../components/Time.tsx';

interface BlobClaim {
  capturedAt: string | null;
  capturedLocal: string | null;
  point: { coordinates: [number, number] } | null;
  altitudeM: number | null;
  camera: string | null;
}

const Claim = ({ sha256 }: { sha256: string }) => {
  const { t } = useWords();
  const { data: claim, error } = useQuery({ queryKey: ['claim', sha256], queryFn: ({ signal }) => call<BlobClaim>('GET', `/api/v1/blobs/${sha256}/claim`, { signal }), staleTime: Infinity });
  if (error) return <ProblemPanel error={error} />;
  if (!claim) return <p className="muted">{t('state.loading')}</p>;
  const facts = [
    { key: 'capturedAt', value: claim.capturedAt && <Time at={claim.capturedAt} /> },
    { key: 'capturedLocal', value: claim.capturedAt ? null : claim.capturedLocal?.replace('T', ' ') },
    { key: 'place', value: claim.point && `${claim.point.coordinates.map((degrees) => degrees.toFixed(5)).join(', ')}${claim.altitudeM === null ? '' : ` · ${claim.altitudeM.toFixed(0)} m`}` },
    { key: 'camera', value: claim.camera },
  ].filter(({ value }) => value);
  if (facts.length === 0) return <p className="muted">{t('evidence.claimNone')}</p>;
  return (
    <>
      <p className="muted">{t('evidence.claimNote')}</p>
      <dl className="evidence-detail">
        {facts.map(({ key, value }) => (
          <div key={key}>
            <dt>{t(`claim.${key}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
};

export const EvidenceOrigin = ({ sha256 }: { sha256: string }) => {
  const { t } = useWords();
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  return (
    <>
      {may('evidence.claim') && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{t('evidence.claim')}</summary>
          {open && <Claim sha256={sha256} />}
        </details>
      )}
      {may('evidence.original') && (
        <p>
          <a href={`/api/v1/blobs/${sha256}/original`} download>
            {t('evidence.original')}
          </a>
        </p>
      )}
    </>
  );
};
