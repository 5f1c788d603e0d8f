/** A small park on a real database, the people of its cases and what they do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivities } from '../../activities/index.ts';
import type { HazardReport, PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { openArchiveStore } from '../../platform/archive-store.ts';
import type { Database } from '../../prisma/client.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const photo = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' };

export const PEOPLE = {
  inspector: { personId: 'p-inspector', role: 'inspector', orgId: 'park-office', orgKind: 'park_department', orgIds: ['park-office'] },
  admin: { personId: 'p-admin', role: 'park_admin', orgId: 'park-admin', orgKind: 'park_department', orgIds: ['park-admin'] },
  office: { personId: 'p-office', role: 'emergency_office', orgId: 'park-office', orgKind: 'park_department', orgIds: ['park-office'] },
  officer: { personId: 'p-officer', role: 'enterprise_safety_officer', orgId: 'ent-1', orgKind: 'enterprise', orgIds: ['ent-1'] },
  colleague: { personId: 'p-colleague', role: 'enterprise_safety_officer', orgId: 'ent-2', orgKind: 'enterprise', orgIds: ['ent-2'] },
  colleague2: { personId: 'p-colleague2', role: 'enterprise_safety_officer', orgId: 'ent-2', orgKind: 'enterprise', orgIds: ['ent-2'] },
} as const satisfies Record<string, Actor>;

/** Park department with emergency office and admin in one; ent-1 has one safety officer, ent-2 two, ent-3 none. */
export const seedPark = async (database: Database): Promise<void> => {
  const client = await database.pool.connect();
  try {
    await client.query(`
      INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'P', '示范园区', 'Model park', '{}');
      INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES
        ('park-office', 'park', 'park_department', 'PO', '应急管理办公室', 'Emergency office'), ('park-admin', 'park', 'park_department', 'PA', '管委会', 'Park administration'),
        ('ent-1', 'park', 'enterprise', 'E1', '一号化工', 'Chem One'), ('ent-2', 'park', 'enterprise', 'E2', '二号化工', 'Chem Two'), ('ent-3', 'park', 'enterprise', 'E3', '三号化工', 'Chem Three');
      INSERT INTO person (id, name_zh, name_en) VALUES ('p-inspector', '检查员', 'Inspector'), ('p-office', '值班员', 'Duty officer'), ('p-admin', '管理员', 'Administrator'),
        ('p-officer', '安全员甲', 'Officer A'), ('p-colleague', '安全员乙', 'Officer B'), ('p-colleague2', '安全员丙', 'Officer C');
      INSERT INTO membership (id, person_id, org_id, role) VALUES ('m1', 'p-inspector', 'park-office', 'inspector'), ('m2', 'p-office', 'park-office', 'emergency_office'),
        ('m3', 'p-admin', 'park-admin', 'park_admin'), ('m4', 'p-officer', 'ent-1', 'enterprise_safety_officer'), ('m5', 'p-colleague', 'ent-2', 'enterprise_safety_officer'),
        ('m6', 'p-colleague2', 'ent-2', 'enterprise_safety_officer');
      INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('zone-a', 'park', 'A', 'A区', 'Zone A', '{}');
      INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('u1', 'ent-1', 'zone-a', 'U1', '罐区', 'Tank farm');
      INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, substance, point) VALUES
        ('a1', 'ent-1', 'zone-a', 'u1', 'storage_tank', 'A-3', '苯乙烯储罐', 'Styrene tank', 'styrene', '{"type":"Point","coordinates":[121,31]}'),
        ('a2', 'ent-1', 'zone-a', 'u1', 'storage_tank', 'A-4', '丙烯腈储罐', 'Acrylonitrile tank', 'acrylonitrile', '{"type":"Point","coordinates":[121,31]}');
      INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ('gw1', 'ent-1', '网关', 'Gateway');
      INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en) VALUES ('s1', 'ent-1', 'a1', 'gw1', 'p', 'pressure', 'kPa', '压力', 'Pressure');`);
  } finally {
    client.release();
  }
};

const archiveDir = mkdtempSync(join(tmpdir(), 'parkwarden-archive-'));
process.once('exit', () => rmSync(archiveDir, { recursive: true, force: true }));
/** Where the packages of the cases of a test lie; they have no documents. */
export const archive = { store: openArchiveStore(archiveDir), renderPdf: null };

export const activitiesOf = (database: Database) => createActivities({ database, notices: { smtpEnabled: false, publicUrl: 'http://park.example' }, archive });

export const reportAt = (at: number, more: Partial<HazardReport> = {}): Omit<HazardReport, 'reportId'> => ({
  origin: 'manual', type: 'leak', title: '法兰泄漏', description: '法兰处滴漏', reporterId: 'p-inspector', assetId: null, zoneId: 'zone-a', point: { type: 'Point', coordinates: [121, 31] },
  statutory: false, event: null, receivedAt: at, clientAt: at, evidence: [photo], ...more,
});

export const TRIAGE = { name: 'triage', grade: 'general', reason: '未泄漏至环境' } as const;
export const SUBMIT: PersonCommand = { name: 'submit', note: '更换垫片', evidence: [photo] };
export const ACCEPT = { name: 'accept', note: '复查合格' } as const;
export const REJECT = { name: 'reject', reason: '仍有滴漏' } as const;
