/**
 * JSON with one spelling per value (RFC 8785): members sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them, no white space. Hashes are taken over it.
 */

/** Members that are undefined are left out and undefined in an array is null, as JSON.stringify does. Throws TypeError for what JSON or the record cannot hold: NaN, infinities, lone surrogates, functions, bigints, objects with a form of their own such as Date. */
export const canonicalJson = (value: unknown): string => {
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
      return JSON.stringify(value);
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('JSON text with a lone surrogate');
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
      return canonicalObject(value);
    default:
      throw new TypeError(`JSON has no ${typeof value}`);
  }
};

const canonicalObject = (object: object): string => {
  if ('toJSON' in object && typeof object.toJSON === 'function') throw new TypeError('an object with a JSON form of its own');
  const members = object as Record<string, unknown>;
  const names = Object.keys(members).filter((name) => members[name] !== undefined).sort();
  return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(members[name])}`).join(',')}}`;
};
