/** The service worker, where the browser has them (https, or this machine). Without it the portal works as before. */
export const registerServiceWorker = (): void => {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/service-worker.js', { updateViaCache: 'none' }).catch(() => {});
};
