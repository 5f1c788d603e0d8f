/**
 * The park's own Ed25519 key, made at the first use and kept in the data folder where only its owner can read it. What it
 * signed can be checked with the public key for as long as that is kept; a lost private key costs the ability to sign, not
 * what was signed.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { access, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SigningKey {
  keyId: string;
  /** PEM (SPKI). */
  publicKey: string;
  /** Base64 of the signature over the UTF-8 bytes of the text. */
  sign(text: string): string;
}

/** Throws where it is no Ed25519 public key in PEM. */
const publicKeyOf = (pem: string): KeyObject => {
  if (pem.includes('PRIVATE KEY')) throw new Error('this is a private key: give the public key');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`an Ed25519 public key is needed, this is ${String(key.asymmetricKeyType)}`);
  return key;
};

/** SHA-256 (hex) of the public key in DER: the same key has the same id however its PEM is written. */
export const keyIdOf = (publicKey: string): string => createHash('sha256').update(publicKeyOf(publicKey).export({ type: 'spki', format: 'der' })).digest('hex');

/** The PEM in its one form. Throws where it is no Ed25519 public key. */
export const normalPublicKey = (pem: string): string => publicKeyOf(pem).export({ type: 'spki', format: 'pem' }).toString();

export const isSignedBy = (publicKey: string, text: string, signature: string): boolean => {
  try {
    const bytes = Buffer.from(signature, 'base64');
    // Another spelling of the same bytes is not what was signed and stored.
    return bytes.toString('base64') === signature && verify(null, Buffer.from(text, 'utf8'), publicKeyOf(publicKey), bytes);
  } catch {
    return false;
  }
};

const FILE = 'signing-key.pem';

/** The key of this data folder where it has one; makes none. */
export const findSigningKey = async (dataDir: string): Promise<SigningKey | undefined> =>
  (await access(join(dataDir, FILE)).then(() => true, () => false)) ? await openSigningKey(dataDir) : undefined;

/** The key of this data folder; two processes at once get the same one. */
export const openSigningKey = async (dataDir: string): Promise<SigningKey> => {
  const path = join(dataDir, FILE);
  let pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (pem === undefined) {
    await mkdir(dataDir, { recursive: true });
    const draft = join(dataDir, `${FILE}.${randomUUID()}`);
    await writeFile(draft, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx', flush: true });
    try {
      // A link is made whole or not at all, and never over a key that is there.
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await unlink(draft);
    }
    pem = await readFile(path, 'utf8');
  }
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`${path} holds no Ed25519 key`);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { keyId: keyIdOf(publicKey), publicKey, sign: (text) => sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64') };
};
