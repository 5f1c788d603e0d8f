/**
 * Serves the portal's own files while the network is away. It never touches an answer of the API: what is shown is what the
 * server says. FILES is filled in by the build (portal/vite.config.ts).
 */
interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetching extends Event {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Worker {
  location: Location;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: 'install' | 'activate', listener: (event: Extendable) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}
const worker = self as unknown as Worker;

const FILES = '__FILES__' as unknown as string[];
const VERSION = '__VERSION__';
const PREFIX = 'parkwarden-shell-';
const SHELL = `${PREFIX}${VERSION}`;
/** Addresses that are never a page of the portal, as in api/app.ts. */
const NO_PAGE = /^\/(api|internal|flow-editor|healthz|readyz|metrics|openapi\.json)(\/|$)/;

worker.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(['/', ...FILES])).then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (event) => {
  const old = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== SHELL) await caches.delete(name);
  };
  event.waitUntil(old().then(() => worker.clients.claim()));
});

const shell = async (): Promise<Response> => (await caches.match('/', { cacheName: SHELL })) ?? Response.error();

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin || NO_PAGE.test(url.pathname)) return;
  // The newest page where there is a network, so that an update is seen at once.
  if (request.mode === 'navigate') event.respondWith(fetch(request).catch(shell));
  // Named by their content: what is kept is what would be sent.
  else if (url.pathname.startsWith('/assets/')) event.respondWith(caches.match(request, { cacheName: SHELL }).then((kept) => kept ?? fetch(request)));
});
