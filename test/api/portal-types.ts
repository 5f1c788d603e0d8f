/** The portal's own types of the messages against the schemas that check them: a difference fails `npm run types`. */
import type { z } from 'zod';
import type * as analysis from '../../api/schemas/analysis.ts';
import type * as calendar from '../../api/schemas/calendar.ts';
import type * as figures from '../../api/schemas/figures.ts';
import type * as hazards from '../../api/schemas/hazards.ts';
import type * as park from '../../api/schemas/park.ts';
import type * as selfAudit from '../../api/schemas/self-audit.ts';
import type * as session from '../../api/schemas/session.ts';
import type * as tasks from '../../api/schemas/tasks.ts';
import type * as triage from '../../api/schemas/triage.ts';
import type * as portal from '../../portal/src/api/types.ts';

/** Compiles only where what the API sends (or takes) fits what the portal reads (or sends). */
type Fits<From extends To, To> = From;
export type Read = [
  Fits<Omit<z.output<typeof session.Session>, 'permissions'>, Omit<portal.Session, 'permissions'>>,
  Fits<z.output<typeof hazards.HazardSummary>, portal.HazardSummary>,
  Fits<z.output<typeof hazards.Hazard>, portal.Hazard>,
  Fits<z.output<typeof hazards.TimelineItem>, portal.TimelineItem>,
  Fits<z.output<typeof hazards.ReportAnswer>, portal.ReportAnswer>,
  Fits<z.output<typeof park.Alarm>, portal.Alarm>,
  Fits<z.output<typeof park.Readings>, { items: portal.Reading[] }>,
  Fits<z.output<typeof park.NoticeSummary>, portal.NoticeSummary>,
  Fits<z.output<typeof park.Notice>, portal.Notice>,
  Fits<z.output<typeof park.FlowVersion>, portal.FlowVersion>,
  Fits<z.output<typeof triage.GradeProposal>, portal.GradeProposal>,
  Fits<z.output<typeof triage.Taxonomy>, portal.Taxonomy>,
  Fits<z.output<typeof session.Person>, portal.Person>,
  Fits<z.output<typeof session.Delegation>, portal.Delegation>,
  Fits<z.output<typeof session.Affiliation>, portal.Affiliation>,
  Fits<z.output<typeof session.Account>, portal.Account>,
  Fits<z.output<typeof session.Grant>, portal.Grant>,
  Fits<z.output<typeof triage.ResponsibilityRule>, portal.ResponsibilityRule>,
  Fits<z.output<typeof figures.Figures>, portal.Figures>,
  Fits<z.output<typeof analysis.RunningEffects>, portal.RunningEffects>,
  Fits<z.output<typeof analysis.NeverFixed>, portal.NeverFixed>,
  Fits<z.output<typeof analysis.AnalysisReport>, portal.AnalysisReport>,
  Fits<z.output<typeof analysis.AssetHistory>, portal.AssetHistory>,
  Fits<z.output<typeof analysis.Responsible>, portal.ResponsibleAt>,
  Fits<z.output<typeof selfAudit.SelfAudit>, portal.SelfAudit>,
  Fits<z.output<typeof calendar.CalendarDay>, portal.CalendarDay>,
  Fits<z.output<typeof tasks.Task>, portal.Task>,
  Fits<z.output<typeof tasks.PatrolPlan>, portal.PatrolPlan>,
  Fits<z.output<typeof tasks.SmsTemplate>, portal.SmsTemplate>,
  Fits<z.output<typeof tasks.Delivery>, portal.Delivery>,
];
export type Sent = [Fits<portal.ActBody['act'], z.input<typeof hazards.ActBody>['act']>, Fits<keyof portal.ReportBody, keyof z.input<typeof hazards.ReportBody>>];
