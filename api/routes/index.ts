/** Every route of the API, in the order of the description. */
import type { Route } from '../route.ts';
import { administrationRoutes } from './accounts.ts';
import { alarmRoutes } from './alarms.ts';
import { analysisRoutes } from './analysis.ts';
import { archiveRoutes } from './archive.ts';
import { blobRoutes } from './blobs.ts';
import { calendarRoutes } from './calendar.ts';
import { contactRoutes } from './contacts.ts';
import { duplicateRoutes } from './duplicates.ts';
import { eventRoutes } from './events.ts';
import { figureRoutes } from './figures.ts';
import { flowVersionRoutes } from './flow-versions.ts';
import { hazardRoutes } from './hazards.ts';
import { healthRoutes } from './health.ts';
import { inspectionRoutes } from './inspections.ts';
import { noticeRoutes } from './notices.ts';
import { patrolRoutes } from './patrols.ts';
import { peopleRoutes } from './people.ts';
import { policyRoutes } from './policy.ts';
import { registryRoutes } from './registry.ts';
import { responsibilityRoutes } from './responsibility.ts';
import { selfAuditRoutes } from './self-audits.ts';
import { sessionRoutes } from './session.ts';
import { smsTemplateRoutes } from './sms-templates.ts';
import { taskRoutes } from './tasks.ts';
import { taxonomyRoutes } from './taxonomy.ts';
import { triageBoardRoutes } from './triage-board.ts';

export const ROUTES: readonly Route[] = [
  ...sessionRoutes, ...hazardRoutes, ...duplicateRoutes, ...triageBoardRoutes, ...taxonomyRoutes, ...responsibilityRoutes, ...inspectionRoutes, ...blobRoutes, ...archiveRoutes, ...alarmRoutes, ...figureRoutes, ...analysisRoutes, ...registryRoutes, ...noticeRoutes, ...smsTemplateRoutes, ...contactRoutes, ...taskRoutes, ...patrolRoutes, ...eventRoutes, ...flowVersionRoutes, ...calendarRoutes, ...policyRoutes, ...administrationRoutes, ...selfAuditRoutes, ...peopleRoutes, ...healthRoutes,
];
