/** How the portal is bundled; used by build.ts and by `vite dev` alike. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Tells the service worker which files the portal is made of. */
const shellFiles = (): Plugin => ({
  name: 'parkwarden-shell-files',
  generateBundle: (_options, bundle) => {
    const files = Object.keys(bundle).filter((name) => name.startsWith('assets/')).sort();
    const worker = bundle['service-worker.js'];
    if (worker?.type !== 'chunk') throw new Error('the service worker was not built');
    const version = createHash('sha256').update(files.join('\0')).digest('hex').slice(0, 16);
    const list = JSON.stringify(files.map((name) => `/${name}`));
    worker.code = worker.code.replace(/(["'`])__FILES__\1/, () => list).replace('__VERSION__', version);
    if (!worker.code.includes(list)) throw new Error('the service worker did not take the list of files');
  },
});

export default defineConfig({
  root: path('.'),
  plugins: [react(), shellFiles()],
  clearScreen: false,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined files would be data: addresses, which the content security policy of the API refuses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: path('index.html'), 'service-worker': path('src/offline/service-worker.ts') },
      // Its address is its scope and must not change with its content.
      output: { entryFileNames: (chunk) => (chunk.name === 'service-worker' ? 'service-worker.js' : 'assets/[name]-[hash].js') },
    },
  },
});
