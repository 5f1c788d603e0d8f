import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../domain/canonical-json.ts';

describe('canonicalJson', () => {
  test('writes the examples of RFC 8785', () => {
    const value = JSON.parse(String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`) as unknown;
    expect(canonicalJson(value)).toBe(String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`);
  });

  test('sorts members by UTF-16 code units, as RFC 8785 does in its example', () => {
    const value = JSON.parse(String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`) as Record<string, string>;
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((m) => m[1]);
    expect(order).toEqual(['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh']);
  });

  test('leaves undefined out as JSON.stringify does, and writes -0 as 0', () => {
    expect(canonicalJson({ b: undefined, a: [undefined, -0], c: { d: undefined } })).toBe('{"a":[null,0],"c":{}}');
  });

  test.each([
    ['NaN', { a: NaN }], ['infinity', [Infinity]], ['minus infinity', -Infinity], ['undefined itself', undefined], ['a bigint', 1n], ['a function', { a: () => 1 }],
    ['a symbol', Symbol('x')], ['a date', { a: new Date(0) }], ['a lone surrogate', ['\ud800']], ['a lone surrogate in a name', { '\udc00x': 1 }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  test('any JSON value has one spelling, whatever the order of its members, and reads back as itself', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (value === null || typeof value !== 'object') return value;
      const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [name, inner] of Object.entries(value).reverse()) copy[name] = shuffled(inner);
      return copy;
    };
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
