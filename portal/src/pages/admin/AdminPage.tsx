/** 设置: what the park runs by. Each part is shown to those who may read it. */
import { useSearchParams } from 'react-router';
import type { Action } from '../../../../domain/permissions.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Accounts } from './Accounts.tsx';
import { Affiliations } from './Affiliations.tsx';
import { Calendar } from './Calendar.tsx';
import { Policy } from './Policy.tsx';
import { Rules } from './Rules.tsx';
import { SelfAudits } from './SelfAudits.tsx';
import { SmsTemplates } from './SmsTemplates.tsx';

const PARTS = [
  { name: 'calendar', action: 'calendar.read', Part: Calendar },
  { name: 'audits', action: 'audit.read', Part: SelfAudits },
  { name: 'rules', action: 'responsibility.read', Part: Rules },
  { name: 'policy', action: 'policy.read', Part: Policy },
  { name: 'sms', action: 'sms.manage', Part: SmsTemplates },
  { name: 'accounts', action: 'account.manage', Part: Accounts },
  { name: 'affiliations', action: 'affiliation.manage', Part: Affiliations },
] as const satisfies readonly { name: string; action: Action; Part: () => React.ReactNode }[];

export const AdminPage = () => {
  const { t } = useWords();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const parts = PARTS.filter((p) => may(p.action));
  const chosen = parts.find((p) => p.name === params.get('part')) ?? parts[0];
  return (
    <div className="page page-list">
      <h1>{t('nav.admin')}</h1>
      <div className="segments segments-wrap" role="group" aria-label={t('nav.admin')}>
        {parts.map((p) => (
          <button key={p.name} type="button" aria-pressed={p === chosen} onClick={() => setParams({ part: p.name }, { replace: true })}>
            {t(`adminPart.${p.name}`)}
          </button>
        ))}
      </div>
      {chosen && <chosen.Part />}
    </div>
  );
};
