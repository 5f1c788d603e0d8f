import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';
import { Problem, setHooks } from './api/client.ts';
import { startI18n } from './app/i18n.ts';
import { createRouter } from './app/router.tsx';
import { onSessionLost } from './app/session.tsx';
import { registerServiceWorker } from './offline/register.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/components.css';
import './styles/pages.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // A refusal does not change by asking again; a lost connection does.
      retry: (count, error) => count < 2 && (!(error instanceof Problem) || error.status === 0 || error.status >= 502),
    },
  },
});
setHooks({ onSessionLost: () => onSessionLost(client) });

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
await startI18n();
createRoot(root).render(
  <QueryClientProvider client={client}>
    <RouterProvider router={createRouter()} />
  </QueryClientProvider>,
);
registerServiceWorker();
