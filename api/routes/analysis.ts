/** 追溯与分析: who was responsible, the history of an asset, what was never fixed, the analysis report, the weekly score. */
import type pg from 'pg';
import { z } from 'zod';
import type { AnalysisSection } from '../../domain/analysis.ts';
import { analyse } from '../../domain/analysis.ts';
import { MAX_PERIOD_DAYS } from '../../domain/figures.ts';
import { NEVER_FIXED_REPORTS } from '../../domain/never-fixed.ts';
import type { Language } from '../../domain/notices.ts';
import { scopeOf } from '../../domain/permissions.ts';
import { responsibleAt, WITHOUT_CONSEQUENCE } from '../../domain/responsibility.ts';
import { endedWeeks, isWeek, weekPeriod } from '../../domain/running-effect.ts';
import { readAnalysisFacts, readNeverFixed } from '../../prisma/analysis.ts';
import { readRunningEffect } from '../../prisma/running-effect.ts';
import { analysisPaper } from '../../templates/analysis.ts';
import { renderPdf } from '../../templates/document.ts';
import type { NoticePaper } from '../../templates/paper.ts';
import { toHtml } from '../../templates/paper.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor } from '../deps.ts';
import { languageOf, Refused } from '../problem.ts';
import { route } from '../route.ts';
import { AnalysisReport, AssetHistory, HistoryQuery, NeverFixed, NeverFixedQuery, ReportFileQuery, ReportQuery, Responsible, ResponsibleQuery, RunningEffectQuery, RunningEffects } from '../schemas/analysis.ts';
import { id } from '../schemas/common.ts';
import type { SignedIn } from '../sign-in.ts';
import type { HazardRow } from '../views/hazards.ts';
import { SELECT_HAZARD, summaryOf } from '../views/hazards.ts';
import type { AssetRef, Ref } from '../views/refs.ts';
import { ASSET_PATH, ASSET_REF, iso, isoOrNull, orgRef, orgRefs, personRefs, refOf } from '../views/refs.ts';

const tag = 'analysis';
const params = z.object({ id });
const DAY = 86_400_000;

/** An enterprise asks about itself only. */
const tenantOf = ({ actor }: SignedIn, asked: string | undefined): string | null => (scopeOf(actor.role) === 'tenant' ? actor.orgId : (asked ?? null));

const responsible = route({
  method: 'get', path: '/api/v1/hazards/{id}/responsible', tag: 'hazards', summary: 'Who was responsible for a case at an instant 责任追溯', access: 'hazard.read', params, query: ResponsibleQuery, response: Responsible, refusals: ['hazard.not_found'],
  handle: async ({ params: p, query, session, deps }) => {
    const t = query.at === undefined ? Date.now() : Date.parse(query.at);
    const found = await asActor(deps.database, session, async (client) => {
      const { rows } = await client.query<{ tenant_id: string }>('SELECT tenant_id FROM hazard WHERE id = $1', [p.id]);
      if (!rows[0]) return null;
      const { rows: transitions } = await client.query<{ seq: number; command: string; to_state: string; server_at: Date; payload: Record<string, unknown> }>(
        'SELECT seq, command, to_state, server_at, payload FROM hazard_transition WHERE hazard_id = $1 AND seq IS NOT NULL AND server_at <= $2 AND command <> ALL ($3) ORDER BY seq', [p.id, new Date(t), WITHOUT_CONSEQUENCE],
      );
      const answer = responsibleAt(rows[0].tenant_id, transitions.map((r) => ({ seq: r.seq, command: r.command as never, to: r.to_state as never, serverAt: r.server_at.getTime(), payload: r.payload })), t);
      return { answer, orgs: await orgRefs(client, answer.orgTenantId === null ? [] : [answer.orgTenantId]) };
    });
    if (!found) throw new Refused('hazard.not_found');
    const { answer, orgs } = found;
    return {
      body: {
        at: new Date(t).toISOString(), what: answer.what, holder: answer.holder, tenant: refOf(orgs, answer.orgTenantId), person: refOf(await personRefs(deps.database, [answer.personId]), answer.personId), paused: answer.paused,
        sinceSeq: answer.sinceSeq, since: answer.since === null ? null : new Date(answer.since).toISOString(), continuedBy: answer.continuedBy,
      },
    };
  },
});

const history = route({
  method: 'get', path: '/api/v1/assets/{id}/hazard-history', tag, summary: 'Cases, ignored prompts and alarms of an asset in the last days 设备隐患追溯', access: 'hazard.read', params, query: HistoryQuery, response: AssetHistory, refusals: ['request.not_found'],
  handle: async ({ params: p, query, session, deps }) => {
    const to = new Date();
    const from = new Date(to.getTime() - query.days * DAY);
    const body = await asActor(deps.database, session, async (client) => {
      const { rows: assets } = await client.query<{ ref: AssetRef }>(`SELECT ${ASSET_REF} AS ref FROM asset a ${ASSET_PATH} WHERE a.id = $1`, [p.id]);
      if (!assets[0]) return null;
      const { rows: hazards } = await client.query<HazardRow>(`${SELECT_HAZARD} WHERE h.asset_id = $1 AND (h.closed_at IS NULL OR h.closed_at >= $2) ORDER BY h.reported_at DESC, h.id DESC`, [p.id, from]);
      const { rows: prompts } = await client.query<{ id: string; kind: string; title_zh: string; title_en: string; due_at: Date; done_at: Date | null; hazard_id: string | null; owner: Ref | null; owner_org_id: string }>(
        `SELECT k.*, CASE WHEN w.id IS NULL THEN NULL ELSE ${orgRef('w')} END AS owner FROM task k LEFT JOIN organisation w ON w.id = k.owner_org_id
         WHERE (k.asset_id = $1 OR k.hazard_id IN (SELECT id FROM hazard WHERE asset_id = $1)) AND k.due_at >= $2
           AND coalesce(k.done_at, $3) > k.due_at + k.grace_ms * interval '1 millisecond' ORDER BY k.due_at DESC, k.id`, [p.id, from, to],
      );
      const { rows: alarms } = await client.query<{ id: string; level: string; state: string; value: number; limit_value: number; unit: string; raised_at: Date; cleared_at: Date | null; confirmed: boolean | null; statutory: boolean }>(
        'SELECT * FROM alarm WHERE asset_id = $1 AND (closed_at IS NULL OR raised_at >= $2) ORDER BY raised_at DESC, id', [p.id, from],
      );
      return {
        asset: assets[0].ref, from: iso(from), to: iso(to),
        open: hazards.filter((h) => h.closed_at === null).map(summaryOf), closed: hazards.filter((h) => h.closed_at !== null).map(summaryOf),
        ignoredPrompts: prompts.map((k) => ({ id: k.id, kind: k.kind, titleZh: k.title_zh, titleEn: k.title_en, dueAt: iso(k.due_at), doneAt: isoOrNull(k.done_at), owner: k.owner ?? { id: k.owner_org_id, nameZh: k.owner_org_id, nameEn: k.owner_org_id }, hazardId: k.hazard_id })),
        alarms: alarms.map((a) => ({ id: a.id, level: a.level, state: a.state, value: a.value, limit: a.limit_value, unit: a.unit, raisedAt: iso(a.raised_at), clearedAt: isoOrNull(a.cleared_at), confirmed: a.confirmed, statutory: a.statutory })),
      };
    });
    if (!body) throw new Refused('request.not_found');
    return { body };
  },
});

const never = route({
  method: 'get', path: '/api/v1/analysis/never-fixed', tag, summary: 'Reported many times and never fixed 屡报未改', access: 'figures.read', query: NeverFixedQuery, response: NeverFixed,
  handle: async ({ query, session, deps }) => {
    const k = query.k ?? NEVER_FIXED_REPORTS;
    const items = await asActor(deps.database, session, async (client) => {
      const found = await readNeverFixed(client, k, tenantOf(session, query.tenantId));
      const orgs = await orgRefs(client, found.map((f) => f.tenantId));
      const { rows: assets } = await client.query<{ id: string; ref: AssetRef }>(`SELECT a.id, ${ASSET_REF} AS ref FROM asset a ${ASSET_PATH} WHERE a.id = ANY ($1)`, [found.map((f) => f.assetId).filter((a) => a !== null)]);
      const { rows: cases } = await client.query<{ id: string; number: string; state: string }>('SELECT id, number, state FROM hazard WHERE id = ANY ($1)', [found.flatMap((f) => f.hazardIds)]);
      const refs = new Map(assets.map((a) => [a.id, a.ref]));
      const of = new Map(cases.map((c) => [c.id, c]));
      return found.map((f) => ({ tenant: refOf(orgs, f.tenantId)!, type: f.type, asset: f.assetId === null ? null : (refs.get(f.assetId) ?? null), reports: f.reports, hazards: f.hazardIds.map((h) => of.get(h)!) }));
    });
    return { body: { k, items } };
  },
});

const score = route({
  method: 'get', path: '/api/v1/running-effect', tag, summary: 'Weekly running-effect scores with every deduction; without week, of the last that has ended 运行效果', access: 'figures.read', query: RunningEffectQuery, response: RunningEffects,
  handle: async ({ query, session, deps }) => {
    const week = query.week ?? endedWeeks(Date.now(), 1)[0]!;
    if (!isWeek(week)) throw new Refused('request.invalid', { field: 'week' });
    const rows = await asActor(deps.database, session, (client) => readRunningEffect(client, week));
    const { from, to } = weekPeriod(week);
    return { body: { week, from: new Date(from).toISOString(), to: new Date(to).toISOString(), items: rows.map((r) => ({ ...r.detail, tenant: { id: r.tenantId, nameZh: r.nameZh, nameEn: r.nameEn }, computedAt: iso(r.computedAt) })) } };
  },
});

// ---- the analysis report ----

interface Report {
  sections: AnalysisSection[];
  from: number;
  to: number;
  paper(language: Language): NoticePaper;
}

const OFFICE = { zh: '园区管理委员会', en: 'Park administration' };

const reportOf = async (deps: ApiDeps, session: SignedIn, query: { from: string; to: string; tenantId?: string | undefined }): Promise<Report> => {
  const [from, to] = [Date.parse(query.from), Date.parse(query.to)];
  if (to <= from || to - from > MAX_PERIOD_DAYS * DAY) throw new Refused('request.invalid', { field: 'to', detail: { maxDays: MAX_PERIOD_DAYS } });
  const tenantId = tenantOf(session, query.tenantId);
  return await asActor(deps.database, session, async (client: pg.ClientBase) => {
    const sections = analyse(await readAnalysisFacts(client, { from, to, tenantId }));
    const { rows } = await client.query<{ timezone: string; name_zh: string; name_en: string }>("SELECT p.timezone, o.name_zh, o.name_en FROM park p LEFT JOIN organisation o ON o.park_id = p.id AND o.code = 'park_admin' LIMIT 1");
    const park = rows[0];
    const enterprise = tenantId === null ? undefined : (await orgRefs(client, [tenantId])).get(tenantId);
    const input = {
      sections, from, to, issuedAt: Date.now(), timezone: park?.timezone ?? 'Asia/Shanghai', enterprise: enterprise ? { zh: enterprise.nameZh, en: enterprise.nameEn } : null,
      office: park?.name_zh ? { zh: park.name_zh, en: park.name_en } : OFFICE,
    };
    return { sections, from, to, paper: (language: Language) => analysisPaper(input, language) };
  });
};

const report = route({
  method: 'get', path: '/api/v1/analysis/report', tag, summary: 'Gaps of management, each sentence with the records that it rests on 分析报告', access: 'figures.read', query: ReportQuery, response: AnalysisReport,
  handle: async ({ query, session, deps }) => {
    const { sections, from, to } = await reportOf(deps, session, query);
    return {
      body: {
        from: new Date(from).toISOString(), to: new Date(to).toISOString(),
        sections: sections.map((s) => ({ code: s.code, titleZh: s.title.zh, titleEn: s.title.en, sentences: s.sentences.map((x) => ({ zh: x.zh, en: x.en, cites: [...x.cites] })) })),
      },
    };
  },
});

const reportPage = route({
  method: 'get', path: '/api/v1/analysis/report.html', tag, summary: 'The analysis report as a page 分析报告网页', access: 'figures.read', query: ReportFileQuery, raw: { response: ['text/html'] },
  handle: async ({ query, session, deps, req, res }) => {
    const language = query.language ?? languageOf(req.get('Accept-Language'));
    const paper = (await reportOf(deps, session, query)).paper(language);
    const tagOf = language === 'zh' ? 'zh-CN' : 'en';
    res.set({ 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': "default-src 'none'; sandbox" }).send(`<!doctype html><html lang="${tagOf}"><head><meta charset="utf-8"><title>${paper.title}</title></head><body>${toHtml(paper)}</body></html>`);
    return undefined;
  },
});

const reportPdf = route({
  method: 'get', path: '/api/v1/analysis/report.pdf', tag, summary: 'The analysis report as PDF 分析报告 PDF', access: 'figures.read', query: ReportFileQuery, raw: { response: ['application/pdf'] },
  handle: async ({ query, session, deps, req, res }) => {
    const made = await reportOf(deps, session, query);
    const pdf = renderPdf(made.paper(query.language ?? languageOf(req.get('Accept-Language'))), Date.now());
    res.set({ 'Content-Type': 'application/pdf', 'Content-Disposition': `attachment; filename="analysis-${query.from.slice(0, 10)}-${query.to.slice(0, 10)}.pdf"` }).send(pdf);
    return undefined;
  },
});

export const analysisRoutes = [responsible, history, never, score, report, reportPage, reportPdf];
