/** A small park on a real database, and cases that are driven through the domain and recorded as the workflow does. */
import type { Database } from '../../prisma/client.ts';
import { createHazardActivities } from '../../activities/hazards.ts';
import type { NoticeSettings } from '../../activities/notices.ts';
import type { HazardCase, HazardCommand, HazardReport, Step } from '../../domain/hazard.ts';
import { consequences, openCase, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';

const POINT = JSON.stringify({ type: 'Point', coordinates: [121.5, 29.9] });

export const seedNoticePark = async (db: Database): Promise<void> => {
  await db.pgTransaction({ scope: 'service' }, async (c) => {
    await c.query(`INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'P', '滨海精细化工园区', 'Binhai Park', '{}')`);
    await c.query(`INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('zone-a', 'park', 'A', 'A区', 'Zone A', '{}')`);
    await c.query(`INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en, email, language) VALUES
      ('ent', 'park', 'enterprise', 'E1', '海岳新材料有限公司', 'Haiyue New Materials', 'safety@haiyue.example', 'zh'),
      ('ent-2', 'park', 'enterprise', 'E2', '北辰化工有限公司', 'Beichen Chemicals', 'safety@beichen.example', 'zh'),
      ('eo', 'park', 'park_department', 'D1', '园区应急管理办公室', 'Emergency Office', 'duty@park.example', 'zh'),
      ('admin', 'park', 'park_department', 'D2', '园区管理委员会', 'Park Administration', NULL, 'en'),
      ('invest', 'park', 'park_department', 'D3', '招商局', 'Investment Office', 'invest@park.example', 'zh')`);
    await c.query(`INSERT INTO person (id, name_zh, name_en) VALUES ('wang', '王建国', 'Wang Jianguo'), ('li', '李明', 'Li Ming'), ('boss', '陈主任', 'Chen'), ('zhao', '赵招商', 'Zhao')`);
    await c.query(`INSERT INTO membership (id, person_id, org_id, role) VALUES
      ('m1', 'wang', 'ent', 'enterprise_safety_officer'), ('m2', 'li', 'eo', 'emergency_office'), ('m3', 'boss', 'admin', 'park_admin'),
      ('m4', 'zhao', 'invest', 'investment_office'), ('m5', 'wang', 'ent-2', 'enterprise_safety_officer')`);
    await c.query(`INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('unit', 'ent', 'zone-a', 'U', '苯乙烯罐区', 'Styrene tank farm')`);
    await c.query(`INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, substance, point) VALUES
      ('tank-a3', 'ent', 'zone-a', 'unit', 'storage_tank', 'A-3', '3号储罐', 'Tank 3', '苯乙烯', $1),
      ('beacon', 'ent', 'zone-a', 'unit', 'beacon', 'B-1', '声光报警器', 'Beacon', NULL, $1),
      ('pump', 'ent', 'zone-a', 'unit', 'pump', 'P-1', '输送泵', 'Pump', NULL, $1)`, [POINT]);
    await c.query(`INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ('gw', 'ent', '网关', 'Gateway')`);
    await c.query(`INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en, limit_hh, statutory) VALUES
      ('s-p', 'ent', 'tank-a3', 'gw', 'pressure', 'pressure', 'kPa', '储罐压力', 'Tank pressure', 18, true)`);
    await c.query(`INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory) VALUES
      ('episode-1', 'ent', 's-p', 'tank-a3', 'HH', 'unacknowledged', 'registry:s-p:HH', 1, '2026-11-20T00:15:30Z', 21.34, 18, 'kPa', true)`);
  });
};

export const T0 = Date.UTC(2026, 10, 20, 0, 15, 31);
export const WANG: Actor = { personId: 'wang', role: 'enterprise_safety_officer', orgId: 'ent', orgKind: 'enterprise', orgIds: ['ent', 'ent-2'] };
export const LI: Actor = { personId: 'li', role: 'emergency_office', orgId: 'eo', orgKind: 'park_department', orgIds: ['eo'] };
export const PHOTO = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' };

export interface CaseDriver {
  case: () => HazardCase;
  /** Decides a command with its consequences and puts it on the record. */
  act: (command: HazardCommand, actor: Actor | null, at: number) => Promise<Step[]>;
  /** The same record written again, as a retried activity does. */
  again: (steps: Step[]) => Promise<void>;
}

export const openTestCase = async (db: Database, hazardId: string, settings: NoticeSettings, report: Partial<HazardReport> = {}): Promise<CaseDriver> => {
  const activities = createHazardActivities({ database: db, notices: settings });
  const first = openCase(
    {
      hazardId,
      tenantId: 'ent',
      report: {
        reportId: `${hazardId}-r`, origin: 'sensor', type: 'over_limit', title: '3号储罐压力超高高限', description: '压力 21.34 kPa，限值 18 kPa。', reporterId: null,
        assetId: 'tank-a3', zoneId: 'zone-a', point: null, statutory: true, event: null, receivedAt: T0, clientAt: null, evidence: [{ detail: { value: 21.34 } }], ...report,
      },
    },
    { commandId: `${hazardId}-open`, actor: null, at: T0, policy: DEFAULT_POLICY },
  );
  let current = first.next;
  const again = async (steps: Step[]): Promise<void> => void (await activities.recordSteps({ hazardId, tenantId: 'ent', steps }));
  await again([first]);
  return {
    case: () => current,
    again,
    act: async (command, actor, at) => {
      const steps: Step[] = [];
      const decide = (next: HazardCommand, by: Actor | null): void => {
        const decided = step(current, next, { commandId: `${hazardId}-${current.seq + 1}`, actor: by, at, policy: DEFAULT_POLICY });
        if (!decided.ok) throw new Error(`${next.name}: ${decided.refusal.code}`);
        current = decided.value.next;
        steps.push(decided.value);
        for (const consequence of consequences(current, next, DEFAULT_POLICY)) decide(consequence, null);
      };
      decide(command, actor);
      await again(steps);
      return steps;
    },
  };
};
