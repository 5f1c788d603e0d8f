import { expect, test } from '@jest/globals';
import { bilingual, inLanguage } from '../../domain/bilingual.ts';

test('each reader gets the half in their language, in one line or two', () => {
  for (const lines of [false, true]) {
    const text = bilingual('3号储罐压力超高限', 'Tank 3: pressure above its H limit', lines);
    expect([inLanguage(text, 'zh'), inLanguage(text, 'en')]).toEqual(['3号储罐压力超高限', 'Tank 3: pressure above its H limit']);
  }
});

test('what people wrote stays whole', () => {
  for (const text of ['阀门泄漏', 'Leak at valve A / B', 'valve / 阀门', '阀门 / 法兰', '第一行\n第二行', '']) {
    expect([inLanguage(text, 'zh'), inLanguage(text, 'en')]).toEqual([text, text]);
  }
});
