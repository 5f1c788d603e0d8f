/** What a file says of its own origin: when, where, with what. Anybody can write anything there: a claim, never proof. */
export interface MediaClaim {
  /** ISO 8601 in UTC, where the file names an offset or the time of a satellite. */
  capturedAt: string | null;
  /** `YYYY-MM-DDTHH:MM:SS` by the camera's clock, without a zone. */
  capturedLocal: string | null;
  /** WGS-84 degrees. */
  position: { latitude: number; longitude: number; altitudeM: number | null } | null;
  camera: string | null;
}

export const NO_CLAIM: MediaClaim = { capturedAt: null, capturedLocal: null, position: null, camera: null };

/** Degrees that exist on earth, or null. */
export const positionOf = (latitude: number, longitude: number, altitudeM: number | null): MediaClaim['position'] => {
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude) || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return { latitude, longitude, altitudeM: altitudeM !== null && Number.isFinite(altitudeM) && Math.abs(altitudeM) < 100_000 ? altitudeM : null };
};

/** One line of printable text, at most 100 characters; null for none. */
export const printable = (text: string): string | null => {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line === '' ? null : [...line].slice(0, 100).join('');
};

/** Of a date that exists, ISO 8601 in UTC. */
export const instantOf = (text: string): string | null => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
};
