/** Hashes of text, and ids made from them. */
import { createHash } from 'node:crypto';

/** Lower-case hex SHA-256 of the UTF-8 bytes. */
export const sha256Of = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** A stable id in the form of a UUID, from a key. */
export const idOf = (key: string): string => sha256Of(key).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
