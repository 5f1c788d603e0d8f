import type { ComponentType } from 'react';
import { createBrowserRouter, Navigate, Outlet, useLocation } from 'react-router';
import type { Action } from '../../../domain/permissions.ts';
import { ErrorPage, NoPermission, NotFound } from '../components/ErrorPage.tsx';
import { Loading } from '../components/States.tsx';
import { ProblemPanel } from '../components/ProblemPanel.tsx';
import { ReportQueueProvider } from '../offline/queue.tsx';
import { ChangePasswordPage } from '../pages/sign-in/ChangePasswordPage.tsx';
import { SignInPage } from '../pages/sign-in/SignInPage.tsx';
import { LiveEvents } from './live-events.tsx';
import { homeOf } from './navigation.ts';
import { SessionContext, useSession, useSessionQuery } from './session.tsx';
import { Shell } from './Shell.tsx';

/** Sends strangers to the sign-in (and back afterwards), and those with a first password to its change. */
const SignedIn = () => {
  const { data: session, error, isPending, refetch } = useSessionQuery();
  const location = useLocation();
  if (isPending) return <Loading page />;
  if (session === undefined) return <ProblemPanel error={error} onRetry={() => void refetch()} page />;
  if (session === null) return <Navigate to={`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`} replace />;
  if (session.mustChangePassword) return <ChangePasswordPage forced />;
  return (
    // Another membership is another view of everything: start the pages anew.
    <SessionContext key={session.membership.id} value={session}>
      <LiveEvents>
        <ReportQueueProvider>
          <Shell>
            <Outlet />
          </Shell>
        </ReportQueueProvider>
      </LiveEvents>
    </SessionContext>
  );
};

const Home = () => <Navigate to={homeOf(useSession().permissions)} replace />;

const guarded = (action: Action, load: () => Promise<ComponentType>) => ({
  lazy: async () => {
    const Page = await load();
    const Guarded = () => (useSession().may(action) ? <Page /> : <NoPermission />);
    return { Component: Guarded };
  },
});

export const createRouter = () =>
  createBrowserRouter([
    { path: '/sign-in', element: <SignInPage />, errorElement: <ErrorPage /> },
    {
      element: <SignedIn />,
      errorElement: <ErrorPage />,
      hydrateFallbackElement: <Loading page />,
      children: [
        { index: true, element: <Home /> },
        { path: 'overview', ...guarded('map.read', async () => (await import('../pages/overview/OverviewPage.tsx')).OverviewPage) },
        { path: 'triage', ...guarded('hazard.triage', async () => (await import('../pages/triage/TriagePage.tsx')).TriagePage) },
        { path: 'hazards', ...guarded('hazard.read', async () => (await import('../pages/hazards/HazardListPage.tsx')).HazardListPage) },
        { path: 'hazards/:id', ...guarded('hazard.read', async () => (await import('../pages/hazards/HazardPage.tsx')).HazardPage) },
        { path: 'assets/:id/history', ...guarded('hazard.read', async () => (await import('../pages/overview/AssetHistoryPage.tsx')).AssetHistoryPage) },
        { path: 'figures', ...guarded('figures.read', async () => (await import('../pages/figures/FiguresPage.tsx')).FiguresPage) },
        { path: 'admin', ...guarded('calendar.read', async () => (await import('../pages/admin/AdminPage.tsx')).AdminPage) },
        { path: 'admin/self-audits/:id', ...guarded('audit.read', async () => (await import('../pages/admin/SelfAuditPage.tsx')).SelfAuditPage) },
        { path: 'delegations', ...guarded('person.read', async () => (await import('../pages/admin/DelegationsPage.tsx')).DelegationsPage) },
        { path: 'report', ...guarded('hazard.report', async () => (await import('../pages/hazards/ReportPage.tsx')).ReportPage) },
        { path: 'tasks', ...guarded('task.read', async () => (await import('../pages/tasks/TasksPage.tsx')).TasksPage) },
        { path: 'notices', ...guarded('notice.read', async () => (await import('../pages/notices/NoticeListPage.tsx')).NoticeListPage) },
        { path: 'notices/:id', ...guarded('notice.read', async () => (await import('../pages/notices/NoticePage.tsx')).NoticePage) },
        { path: 'flows', ...guarded('flow.read', async () => (await import('../pages/flows/FlowVersionsPage.tsx')).FlowVersionsPage) },
        { path: 'ratings', ...guarded('rating.read', async () => (await import('../pages/ratings/RatingsPage.tsx')).RatingsPage) },
        { path: 'password', element: <ChangePasswordPage /> },
        { path: '*', element: <NotFound /> },
      ],
    },
  ]);
