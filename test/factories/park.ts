/**
 * A typed small park for tests: offices, enterprises with units, tanks, sensors, gateways and beacons, and the people of
 * every role with accounts. Everybody's password is `PASSWORD`.
 */
import { hashPassword } from '../../platform/passwords.ts';
import type { Actor, OrganisationKind, Role } from '../../domain/permissions.ts';
import type { Database } from '../../prisma/client.ts';

export const PASSWORD = 'correct-horse-battery';

export interface ParkPerson {
  personId: string;
  accountId: string;
  username: string;
  membershipId: string;
  role: Role;
  orgId: string;
  actor: Actor;
}

export interface ParkSensor {
  id: string;
  point: string;
  kind: string;
  unit: string;
  limitHh: number;
  statutory: boolean;
}

export interface ParkEnterprise {
  /** The tenant. */
  id: string;
  unitId: string;
  zoneId: string;
  /** A storage tank with a statutory pressure sensor and a temperature sensor that is not. */
  tank: { id: string; code: string; sensors: { pressure: ParkSensor; temperature: ParkSensor } };
  /** A second asset, without sensors. */
  pump: { id: string; code: string };
  beacon: { id: string; code: string };
  gatewayId: string;
  officer: ParkPerson;
}

export interface TestPark {
  parkId: string;
  zones: { id: string; code: string }[];
  orgs: { admin: string; emergency: string; inspection: string; investment: string; regulator: string };
  people: { admin: ParkPerson; office: ParkPerson; inspector: ParkPerson; investment: ParkPerson; processOwner: ParkPerson; regulator: ParkPerson };
  enterprises: ParkEnterprise[];
  /** One more person with account in an organisation, or one more membership or account of a person who is there. */
  addPerson(input: { username: string; role: Role; orgId: string; personId?: string }): Promise<ParkPerson>;
}

let passwordHash: Promise<string> | undefined;

export const createPark = async (database: Database, options: { enterprises?: number } = {}): Promise<TestPark> => {
  passwordHash ??= hashPassword(PASSWORD);
  const hash = await passwordHash;
  const run = <T>(sql: string, params: unknown[] = []): Promise<T[]> =>
    database.pgTransaction({ scope: 'service' }, async (client) => (await client.query(sql, params)).rows as T[]);

  const square = (x: number, y: number, size: number) => ({ type: 'Polygon', coordinates: [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]] });
  await run(`INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'P', '示范化工园区', 'Model chemical park', $1)`, [JSON.stringify(square(121, 31, 0.04))]);
  const zones = [{ id: 'zone-a', code: 'A' }, { id: 'zone-b', code: 'B' }];
  for (const [i, zone] of zones.entries()) {
    await run('INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ($1, $2, $3, $4, $5, $6)', [
      zone.id, 'park', zone.code, `${zone.code}区`, `Zone ${zone.code}`, JSON.stringify(square(121 + i * 0.02, 31, 0.02)),
    ]);
  }
  const addOrg = (id: string, kind: OrganisationKind, code: string, nameZh: string, nameEn: string, rating: string | null = null) =>
    run('INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en, safety_rating) VALUES ($1, $2, $3, $4, $5, $6, $7)', [id, 'park', kind, code, nameZh, nameEn, rating]);
  const orgs = { admin: 'org-admin', emergency: 'org-emergency', inspection: 'org-inspection', investment: 'org-investment', regulator: 'org-regulator' };
  await addOrg(orgs.admin, 'park_department', 'park_admin', '园区管理委员会', 'Park administration');
  await addOrg(orgs.emergency, 'park_department', 'emergency_office', '应急管理办公室', 'Emergency management office');
  await addOrg(orgs.inspection, 'park_department', 'inspection', '安全检查队', 'Safety inspection');
  await addOrg(orgs.investment, 'park_department', 'investment_office', '招商局', 'Investment office');
  await addOrg(orgs.regulator, 'regulator', 'regulator', '市应急管理局', 'City emergency bureau');

  const kinds = new Map<string, OrganisationKind>();
  const addPerson: TestPark['addPerson'] = async ({ username, role, orgId, personId = `p-${username}` }) => {
    const [person] = await run<{ id: string }>('INSERT INTO person (id, name_zh, name_en) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING RETURNING id', [personId, `人员${username}`, `Person ${username}`]);
    const accountId = `acc-${username}`;
    const membershipId = `m-${username}`;
    await run('INSERT INTO account (id, person_id, username, password_hash) VALUES ($1, $2, $3, $4)', [accountId, personId, username, hash]);
    await run('INSERT INTO membership (id, person_id, org_id, role) VALUES ($1, $2, $3, $4)', [membershipId, personId, orgId, role]);
    if (!kinds.has(orgId)) kinds.set(orgId, (await run<{ kind: OrganisationKind }>('SELECT kind FROM organisation WHERE id = $1', [orgId]))[0]!.kind);
    const orgIds = person ? [orgId] : (await run<{ org_id: string }>('SELECT DISTINCT org_id FROM membership WHERE person_id = $1 ORDER BY org_id', [personId])).map((r) => r.org_id);
    return { personId, accountId, username, membershipId, role, orgId, actor: { personId, role, orgId, orgKind: kinds.get(orgId)!, orgIds } };
  };

  const people = {
    admin: await addPerson({ username: 'admin1', role: 'park_admin', orgId: orgs.admin }),
    office: await addPerson({ username: 'office1', role: 'emergency_office', orgId: orgs.emergency }),
    inspector: await addPerson({ username: 'inspector1', role: 'inspector', orgId: orgs.inspection }),
    investment: await addPerson({ username: 'invest1', role: 'investment_office', orgId: orgs.investment }),
    processOwner: await addPerson({ username: 'process1', role: 'process_owner', orgId: orgs.admin }),
    regulator: await addPerson({ username: 'regulator1', role: 'regulator', orgId: orgs.regulator }),
  };

  const enterprises: ParkEnterprise[] = [];
  for (let n = 1; n <= (options.enterprises ?? 2); n++) {
    const id = `ent-${n}`;
    const zone = zones[(n - 1) % zones.length]!;
    await addOrg(id, 'enterprise', `E${n}`, `第${n}化工有限公司`, `Chemical Works ${n}`, 'B');
    const unitId = `unit-${n}`;
    await run('INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ($1, $2, $3, $4, $5, $6)', [unitId, id, zone.id, `U${n}`, '罐区', 'Tank farm']);
    const addAsset = async (key: string, kind: string, code: string, nameZh: string, nameEn: string, substance: string | null) => {
      const assetId = `${key}-${n}`;
      await run('INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, substance, point) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
        assetId, id, zone.id, unitId, kind, code, nameZh, nameEn, substance, JSON.stringify({ type: 'Point', coordinates: [121.001 + n * 0.001, 31.001] }),
      ]);
      return { id: assetId, code };
    };
    const tank = await addAsset('tank', 'storage_tank', `T-${n}`, '苯乙烯储罐', 'Styrene tank', 'styrene');
    const pump = await addAsset('pump', 'pump', `P-${n}`, '输送泵', 'Transfer pump', null);
    const beacon = await addAsset('beacon', 'beacon', `B-${n}`, '声光报警器', 'Sound-light alarm', null);
    const gatewayId = `gw-${n}`;
    await run('INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ($1, $2, $3, $4)', [gatewayId, id, '网关', 'Gateway']);
    const addSensor = async (key: string, kind: string, unit: string, nameZh: string, nameEn: string, limitHh: number, statutory: boolean): Promise<ParkSensor> => {
      const sensor = { id: `${key}-${n}`, point: `T-${n}.${key}`, kind, unit, limitHh, statutory };
      await run(
        `INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en, range_low, range_high, limit_h, limit_hh, statutory, legal_basis)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14)`,
        [sensor.id, id, tank.id, gatewayId, sensor.point, kind, unit, nameZh, nameEn, limitHh * 2, limitHh * 0.9, limitHh, statutory, statutory ? 'test' : null],
      );
      return sensor;
    };
    const sensors = {
      pressure: await addSensor('pressure', 'pressure', 'kPa', '压力', 'Pressure', 200, true),
      temperature: await addSensor('temperature', 'temperature', 'degC', '温度', 'Temperature', 60, false),
    };
    const officer = await addPerson({ username: `officer${n}`, role: 'enterprise_safety_officer', orgId: id });
    enterprises.push({ id, unitId, zoneId: zone.id, tank: { ...tank, sensors }, pump, beacon, gatewayId, officer });
  }
  return { parkId: 'park', zones, orgs, people, enterprises, addPerson };
};
