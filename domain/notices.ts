/** 通知书: kinds, and which facts each must carry. Wording is in templates/; nothing is issued with an empty placeholder. */
export const NOTICE_KINDS = ['alarm', 'dispatch', 'reminder', 'overdue', 'supervision', 'rejection', 'acceptance'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export type Language = 'zh' | 'en';
export const LANGUAGES: readonly Language[] = ['zh', 'en'];
