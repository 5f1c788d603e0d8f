/** 统计指标: figures by group, their Excel file, and the monthly list of an enterprise. */
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { z } from 'zod';
import { MAX_EXPORT_CASES, monthPeriod } from '../../domain/figures.ts';
import type { WorkbookSheet } from '../../templates/workbook.ts';
import { writeWorkbook } from '../../templates/workbook.ts';
import { asActor } from '../deps.ts';
import { languageOf, Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { Figures, FiguresFileQuery, FiguresQuery, MonthlyListQuery } from '../schemas/figures.ts';
import { caseSheet, figureSheets, questionOf, readFiguresView } from '../views/figures.ts';

const tag = 'figures';
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const sendWorkbook = async (res: Response, name: string, sheets: readonly WorkbookSheet[]): Promise<undefined> => {
  const file = await writeWorkbook(sheets);
  res.set({ 'Content-Type': XLSX, 'Content-Disposition': `attachment; filename="${name}.xlsx"` });
  await pipeline(file, res);
  return undefined;
};

export const figureRoutes = [
  route({
    method: 'get', path: '/api/v1/figures', tag, summary: 'Figures by group, each with its definition and the list behind it 统计指标', access: 'figures.read', query: FiguresQuery, response: Figures,
    handle: async ({ query, session, deps }) => ({ body: await readFiguresView(deps, session, questionOf(query, session)) }),
  }),
  route({
    method: 'get', path: '/api/v1/figures/export.xlsx', tag, summary: `Definitions, figures and the cases reported in the period, as an Excel file of at most ${MAX_EXPORT_CASES} cases 统计导出`, access: 'figures.read', query: FiguresFileQuery,
    raw: { response: [XLSX] }, refusals: ['figures.too_many'],
    handle: async ({ query: { language: asked, ...query }, session, deps, req, res }) => {
      const language = asked ?? languageOf(req.get('Accept-Language'));
      const question = questionOf(query, session);
      const cases = await caseSheet(deps, session, { ...question.base, reportedFrom: question.from, reportedTo: question.to }, language);
      return await sendWorkbook(res, `figures-${query.from.slice(0, 10)}-${query.to.slice(0, 10)}`, [...figureSheets(await readFiguresView(deps, session, question), language), cases]);
    },
  }),
  route({
    method: 'get', path: '/api/v1/enterprises/{id}/hazard-list.xlsx', tag, summary: 'Cases of an enterprise that were reported in a month or still open in it 企业月度隐患清单', access: 'figures.read', params: z.object({ id }), query: MonthlyListQuery,
    raw: { response: [XLSX] }, refusals: ['figures.too_many', 'request.not_found'],
    handle: async ({ params: { id: tenantId }, query, session, deps, req, res }) => {
      const language = query.language ?? languageOf(req.get('Accept-Language'));
      const { rowCount } = await asActor(deps.database, session, (client) => client.query("SELECT FROM organisation WHERE id = $1 AND kind = 'enterprise'", [tenantId]));
      if (rowCount === 0) throw new Refused('request.not_found');
      const { from, to } = monthPeriod(query.month);
      const reported = await caseSheet(deps, session, { tenantId, reportedFrom: from, reportedTo: to }, language);
      // What was left over from before: open today, or closed only since the month began.
      const open = await caseSheet(deps, session, { tenantId, reportedTo: from, open: true }, language);
      const closedSince = await caseSheet(deps, session, { tenantId, reportedTo: from, closedFrom: from }, language);
      const words = { zh: ['本月上报', '上月结转'], en: ['Reported in the month', 'Carried over'] }[language];
      return await sendWorkbook(res, `hazards-${query.month}`, [{ ...reported, name: words[0]! }, { ...open, name: words[1]!, rows: [...open.rows, ...closedSince.rows] }]);
    },
  }),
];
