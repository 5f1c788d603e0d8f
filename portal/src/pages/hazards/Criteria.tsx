/** 判定标准 at triage: the questions that the criteria for this type ask, and what they propose. A person decides. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { HazardType } from '../../../../domain/hazard-types.ts';
import { call } from '../../api/client.ts';
import { taxonomyQuery } from '../../api/queries.ts';
import type { GradeProposal } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';

type Facts = Record<string, boolean | string | null>;
const resultWord = (result: boolean | null): 'yes' | 'no' | 'unknown' => (result === null ? 'unknown' : result ? 'yes' : 'no');
/** As it goes with the triage: every criterion that was looked at. */
export const answersOf = (proposal: GradeProposal | null): { criterionId: string; result: string }[] => (proposal?.items ?? []).map((i) => ({ criterionId: i.criterionId, result: resultWord(i.result) }));

interface Props {
  hazardId: string;
  type: HazardType;
  onProposal: (proposal: GradeProposal) => void;
}

export const Criteria = ({ hazardId, type, onProposal }: Props) => {
  const { t, word } = useWords();
  const taxonomy = useQuery(taxonomyQuery());
  const [facts, setFacts] = useState<Facts>({});
  const propose = useMutation({
    mutationFn: (body: { facts: Facts; type: HazardType }) => call<GradeProposal>('POST', `/api/v1/hazards/${hazardId}/grade-proposal`, { body }),
    onSuccess: onProposal,
  });
  const { mutate } = propose;
  useEffect(() => mutate({ facts, type }), [facts, type, mutate]);

  if (taxonomy.isPending) return <Loading rows={2} />;
  if (taxonomy.isError) return <ProblemPanel error={taxonomy.error} onRetry={() => void taxonomy.refetch()} />;
  const wanted = new Set(taxonomy.data.packs.flatMap((p) => p.criteria.filter((c) => c.types.includes(type)).flatMap((c) => c.facts)));
  const questions = taxonomy.data.facts.filter((f) => wanted.has(f.fact));
  const proposal = propose.data;
  return (
    <fieldset className="criteria">
      <legend>{t('criteria.title')}</legend>
      {questions.length === 0 && <p className="muted">{t('criteria.none')}</p>}
      {questions.map((f) => {
        const value = facts[f.fact];
        const options = f.values ? f.values.map((v) => ({ value: v.value as string | boolean, text: word(v) })) : [{ value: true, text: t('field.yes') }, { value: false, text: t('field.no') }];
        return (
          <label key={f.fact} className="criteria-question">
            <span>{word(f)}</span>
            <select value={value === undefined || value === null ? '' : String(value)} onChange={(e) => setFacts((now) => ({ ...now, [f.fact]: options.find((o) => String(o.value) === e.target.value)?.value ?? null }))}>
              <option value="">{t('field.unknown')}</option>
              {options.map((o) => (
                <option key={String(o.value)} value={String(o.value)}>
                  {o.text}
                </option>
              ))}
            </select>
          </label>
        );
      })}
      {propose.isError && <ProblemPanel error={propose.error} onRetry={() => mutate({ facts, type })} />}
      {proposal && (
        <div className={`proposal proposal-${proposal.grade}`} role="status">
          <p>
            <strong>{t(`proposal.${proposal.grade}`)}</strong>
          </p>
          {proposal.items.length > 0 && (
            <ul>
              {proposal.items.map((i) => (
                <li key={i.criterionId}>
                  <span className={`mark mark-criterion-${resultWord(i.result)}`}>{t(`criterion.${resultWord(i.result)}`)}</span> {i.instrument} {i.clause} {word(i)}
                  {i.textMissing && <span className="muted"> {t('criteria.textMissing')}</span>}
                </li>
              ))}
            </ul>
          )}
          {proposal.incompletePacks.length > 0 && <p className="muted">{t('criteria.incomplete', { packs: proposal.incompletePacks.join(', ') })}</p>}
          <p className="muted">{t('criteria.decides')}</p>
        </div>
      )}
    </fieldset>
  );
};
