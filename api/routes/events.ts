/** 实时事件: server-sent events. */
import { parsePosition } from '../../prisma/cursor.ts';
import { may } from '../../domain/permissions.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';

const HEARTBEAT_MS = 15_000;
/** A reader that is further behind than this is let go; it comes back with its last position. */
const MAX_WAITING_BYTES = 256 * 1024;

export const eventRoutes = [
  route({
    method: 'get', path: '/api/v1/events', tag: 'events', summary: 'What changed, as server-sent events 实时事件', access: 'session', raw: { response: ['text/event-stream'] }, refusals: ['request.cursor_invalid', 'permission.denied'],
    handle: async ({ session, deps, signIn, req, res }) => {
      if (!may(session.actor.role, 'hazard.read') && !may(session.actor.role, 'alarm.read')) throw new Refused('permission.denied', { detail: { action: 'events' } });
      const given = req.get('Last-Event-ID');
      const position = given === undefined || given === '' ? null : parsePosition(given);
      if (given && !position) throw new Refused('request.cursor_invalid', { field: 'Last-Event-ID' });
      const waiting: string[] = [];
      let open = false;
      const write = (text: string): boolean => {
        if (open) res.write(text);
        else waiting.push(text);
        return res.writableLength <= MAX_WAITING_BYTES;
      };
      const { position: start, leave } = await deps.live.join(session, position, {
        send: (at, { type, id, state }) => write(`id: ${at}\nevent: ${type}\ndata: ${JSON.stringify({ id, ...(state === undefined ? {} : { state }) })}\n\n`),
        end: () => void res.end(),
      });
      res.status(200).set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
      res.flushHeaders();
      // Told at once where it stands, so that a line that breaks before the first event resumes without a gap too.
      res.write(`retry: 2000\nid: ${start}\n\n`);
      open = true;
      for (const text of waiting) res.write(text);
      const beat = setInterval(() => {
        res.write(': \n\n');
        // While the record is away nothing is sent, and nobody is signed out.
        signIn.isGood(session).then((good) => {
          if (!good) res.end();
        }, () => {});
      }, HEARTBEAT_MS);
      res.on('close', () => {
        clearInterval(beat);
        leave();
      });
      return undefined;
    },
  }),
];
