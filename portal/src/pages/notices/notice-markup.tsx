/**
 * The words of a notice as issued. The markup comes from our own server; still only these elements are shown, so that no
 * text in it can become anything else.
 */
import { createElement } from 'react';
import type { ReactNode } from 'react';

const TAGS = new Set(['article', 'h1', 'h2', 'p', 'div', 'footer', 'table', 'tbody', 'tr', 'th', 'td', 'ol', 'ul', 'li', 'strong', 'em', 'br', 'a', 'span', 'section', 'header', 'dl', 'dt', 'dd']);

const toReact = (node: Node, key: number): ReactNode => {
  if (node.nodeType === Node.TEXT_NODE) return /^\s*$/.test(node.textContent ?? '') ? null : node.textContent;
  if (!(node instanceof Element)) return null;
  const tag = node.localName;
  if (!TAGS.has(tag)) return null;
  const props: Record<string, unknown> = { key };
  if (node.className) props.className = node.className;
  if (node.hasAttribute('lang')) props.lang = node.getAttribute('lang');
  if (tag === 'th') props.scope = node.getAttribute('scope') ?? undefined;
  if (tag === 'a') {
    const href = node.getAttribute('href') ?? '';
    if (/^(https?:\/\/|\/)/.test(href)) Object.assign(props, { href, rel: 'noopener noreferrer' });
  }
  return createElement(tag, props, ...[...node.childNodes].map(toReact));
};

export const NoticeMarkup = ({ html }: { html: string }) => {
  const body = new DOMParser().parseFromString(html, 'text/html').body;
  return <>{[...body.childNodes].map(toReact)}</>;
};
