/** The page at /api: reads /openapi.json and shows it, in zh and en, with nothing from anywhere else. */
import { Router } from 'express';

const HTML = `<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>ParkWarden 园安 · API</title>
<link rel="stylesheet" href="/api/page.css"></head>
<body><header><h1>ParkWarden 园安 · API</h1><p><a href="/openapi.json">openapi.json</a> · <button id="language" type="button">English</button></p>
<p><label><span id="find-label">查找</span> <input id="find" type="search" autocomplete="off"></label></p></header><main id="routes"></main><noscript>/openapi.json</noscript><script src="/api/page.js"></script></body></html>`;

const CSS = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}h2{margin-top:2rem}details{border:1px solid #8886;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code,pre{font:14px/1.4 ui-monospace,monospace}pre{overflow:auto;padding:.6rem;background:#8881;border-radius:6px;max-height:30rem}.m{display:inline-block;min-width:4.2rem;font-weight:700}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #8884;padding:.3rem .5rem;text-align:left;vertical-align:top}`;

const JS = `'use strict';
const words = { zh: { find: '查找', other: 'English', body: '请求正文', params: '参数', answers: '应答', schema: '结构' }, en: { find: 'Find', other: '中文', body: 'Body', params: 'Parameters', answers: 'Answers', schema: 'Schema' } };
let language = (navigator.language || 'zh').startsWith('zh') ? 'zh' : 'en';
let api;
const el = (tag, text, ...children) => { const e = document.createElement(tag); if (text != null) e.textContent = text; e.append(...children); return e; };
const resolve = (schema, seen = []) => {
  if (Array.isArray(schema)) return schema.map((s) => resolve(s, seen));
  if (!schema || typeof schema !== 'object') return schema;
  if (schema.$ref) { const name = schema.$ref.split('/').at(-1); return seen.includes(name) ? name : resolve(api.components.schemas[name], [...seen, name]); }
  return Object.fromEntries(Object.entries(schema).map(([k, v]) => [k, resolve(v, seen)]));
};
const schemaBlock = (content) => Object.entries(content ?? {}).map(([type, { schema }]) => el('details', null, el('summary', words[language].schema + ' · ' + type), el('pre', JSON.stringify(resolve(schema), null, 2))));
const pick = (summary) => { const m = /^(.*?)([\\u4e00-\\u9fff].*)?$/.exec(summary); return language === 'zh' && m[2] ? m[2] : m[1].trim(); };
const show = () => {
  const w = words[language];
  document.documentElement.lang = language;
  document.getElementById('find-label').textContent = w.find;
  document.getElementById('language').textContent = w.other;
  const wanted = document.getElementById('find').value.toLowerCase();
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, o] of Object.entries(methods)) {
    if (wanted && !(method + ' ' + path + ' ' + o.summary).toLowerCase().includes(wanted)) continue;
    const d = el('details', null, el('summary', null, Object.assign(el('span', method.toUpperCase()), { className: 'm' }), el('code', path), ' ', pick(o.summary)));
    if (o.description) d.append(el('p', o.description));
    if (o.parameters?.length) d.append(el('h4', w.params), el('table', null, ...o.parameters.map((p) => el('tr', null, el('td', null, el('code', p.name + (p.required ? ' *' : ''))), el('td', p.in), el('td', null, el('code', JSON.stringify(resolve(p.schema ?? {}))))))));
    if (o.requestBody) d.append(el('h4', w.body), ...schemaBlock(o.requestBody.content));
    d.append(el('h4', w.answers));
    for (const [status, r] of Object.entries(o.responses)) d.append(el('p', null, el('b', status), ' ' + r.description.replaceAll('\`', '')), ...(status < 400 ? schemaBlock(r.content) : []));
    if (!groups.has(o.tags[0])) groups.set(o.tags[0], []);
    groups.get(o.tags[0]).push(d);
  }
  document.getElementById('routes').replaceChildren(...[...groups].flatMap(([tag, items]) => [el('h2', tag), ...items]));
};
fetch('/openapi.json').then((r) => r.json()).then((json) => { api = json; show(); });
document.getElementById('find').addEventListener('input', show);
document.getElementById('language').addEventListener('click', () => { language = language === 'zh' ? 'en' : 'zh'; show(); });
`;

export const createDocsPage = (): Router => {
  const router = Router();
  const file = (path: string, type: string, text: string) => router.get(path, (_req, res) => void res.type(type).set('Cache-Control', 'no-cache').send(text));
  file('/api', 'html', HTML);
  file('/api/page.css', 'css', CSS);
  file('/api/page.js', 'js', JS);
  return router;
};
