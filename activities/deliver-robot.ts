/** Notices in a group chat, by the group's robot. The provider cannot be asked what became of a message. */
import type { Robot } from '../platform/robots.ts';
import { ProviderError } from '../platform/provider.ts';
import { digestText, robotText } from '../templates/short.ts';
import type { ChannelPort } from './deliver.ts';

export const robotPort = (robots: ReadonlyMap<string, Robot>, publicUrl: string | null): ChannelPort => ({
  idempotent: false,
  send: async (_client, { address, lane, org, notice, digest }) => {
    const robot = robots.get(address);
    if (!robot) throw new ProviderError(`no robot ${address} is configured`, 'later', 'unconfigured');
    const text = notice ? robotText(notice.paper) : digestText(digest!.counts, digest!.subjects, publicUrl && `${publicUrl.replace(/\/$/, '')}/notices`, org.language);
    const { code } = await robot.send({ text, mobiles: lane === 'red' && org.phone ? [org.phone] : [] });
    return { code, providerId: null };
  },
});
