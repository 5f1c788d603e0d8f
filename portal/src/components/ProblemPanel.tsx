/** A refusal in the language of the page, with its stable code. */
import { Problem } from '../api/client.ts';
import type { ProblemBody } from '../api/types.ts';
import { useWords } from '../app/i18n.ts';

const bodyOf = (error: unknown): ProblemBody =>
  error instanceof Problem ? error.body : { status: 0, code: 'portal.error', titleZh: '页面出现错误', titleEn: 'Something went wrong on this page' };

interface Props {
  error: unknown;
  onRetry?: () => void;
  page?: boolean;
  /** Names of fields that show their own message, so that it is not said twice. */
  shownFields?: readonly string[];
}

export const ProblemPanel = ({ error, onRetry, page = false, shownFields = [] }: Props) => {
  const { t, problemTitle, fieldMessage } = useWords();
  const body = bodyOf(error);
  const others = (body.errors ?? []).filter((e) => !shownFields.includes(e.field));
  return (
    <div className={page ? 'problem problem-page' : 'problem'} role="alert">
      <p className="problem-title">{problemTitle(body)}</p>
      {others.length > 0 && (
        <ul>
          {others.map((e) => (
            <li key={`${e.field}:${e.code}`}>
              {fieldMessage(e)} <code>{e.field}</code>
            </li>
          ))}
        </ul>
      )}
      <p className="problem-foot">
        <span className="muted">
          {t('problem.code')} <code>{body.code}</code>
        </span>
        {onRetry && (
          <button type="button" className="button" onClick={onRetry}>
            {t('action.retry')}
          </button>
        )}
      </p>
    </div>
  );
};

/** The message for one field of a form, if the refusal names it. */
export const useFieldError = (error: unknown) => {
  const { fieldMessage } = useWords();
  return (field: string): string | undefined => {
    if (!(error instanceof Problem)) return undefined;
    const found = error.body.errors?.find((e) => e.field === field || e.field === `/${field}`);
    return found ? fieldMessage(found) : undefined;
  };
};
