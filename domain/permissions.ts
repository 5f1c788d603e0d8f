/**
 * One permission table: action → roles. What is not in it is refused.
 * The database checks the same scopes again by row-level security (prisma/migrations).
 */
export const ROLES = [
  'park_admin',
  'emergency_office',
  'inspector',
  'enterprise_safety_officer',
  'investment_office',
  'process_owner',
  'regulator',
] as const;
export type Role = (typeof ROLES)[number];

export const ORGANISATION_KINDS = ['park_department', 'enterprise', 'regulator'] as const;
export type OrganisationKind = (typeof ORGANISATION_KINDS)[number];

/** A signed-in person acting in one membership. Separation of duties looks at personId and orgIds, never at the account. */
export interface Actor {
  personId: string;
  role: Role;
  orgId: string;
  orgKind: OrganisationKind;
  /** Every organisation in which this person, or the one for whom they act, has any membership, and every enterprise for which such an organisation works. */
  orgIds: readonly string[];
  /** The person for whom this one acts by delegation; absent where nobody. */
  delegatorId?: string | null;
}

const PARK = ['park_admin', 'emergency_office', 'inspector'] as const;

export const PERMISSIONS = {
  'hazard.read': [...PARK, 'enterprise_safety_officer', 'regulator'],
  'hazard.report': [...PARK, 'enterprise_safety_officer'],
  'hazard.triage': PARK,
  'hazard.dispatch': PARK,
  'hazard.dismiss': ['park_admin', 'emergency_office'],
  'hazard.returnDispatch': ['enterprise_safety_officer'],
  'hazard.start': ['enterprise_safety_officer'],
  'hazard.progress': ['enterprise_safety_officer'],
  'hazard.submit': ['enterprise_safety_officer'],
  'hazard.plan': ['enterprise_safety_officer'],
  'hazard.split': [...PARK, 'enterprise_safety_officer'],
  'hazard.withdraw': ['enterprise_safety_officer'],
  'hazard.requestExtension': ['enterprise_safety_officer'],
  'hazard.withdrawExtension': ['enterprise_safety_officer'],
  'hazard.decideExtension': ['park_admin', 'emergency_office'],
  'hazard.handover': [...PARK, 'enterprise_safety_officer'],
  'hazard.redirect': ['park_admin', 'emergency_office'],
  'hazard.reassess': ['park_admin', 'emergency_office'],
  'hazard.pause': ['park_admin'],
  'hazard.resume': ['park_admin'],
  'hazard.addSigner': ['park_admin', 'emergency_office'],
  'hazard.sign': PARK,
  'hazard.acceptItems': PARK,
  'hazard.accept': PARK,
  'hazard.reject': PARK,
  'hazard.list': ['park_admin'],
  'hazard.delist': ['park_admin'],
  'hazard.merge': PARK,
  'hazard.unmerge': PARK,
  'hazard.reopen': ['park_admin', 'emergency_office'],
  'hazard.reconsider': ['park_admin', 'emergency_office'],
  'hazard.lookBack': PARK,
  'responsibility.read': [...PARK, 'enterprise_safety_officer'],
  'responsibility.manage': ['park_admin', 'enterprise_safety_officer'],
  'inspection.record': [...PARK, 'enterprise_safety_officer'],
  'alarm.read': [...PARK, 'enterprise_safety_officer', 'process_owner'],
  'alarm.acknowledge': [...PARK, 'enterprise_safety_officer'],
  'alarm.confirm': [...PARK, 'enterprise_safety_officer'],
  'map.read': [...PARK, 'enterprise_safety_officer', 'process_owner', 'regulator'],
  /** Names of enterprises: whose rating it is. */
  'enterprise.read': [...PARK, 'enterprise_safety_officer', 'process_owner', 'investment_office'],
  'registry.read': [...PARK, 'enterprise_safety_officer', 'process_owner'],
  'telemetry.read': [...PARK, 'enterprise_safety_officer', 'process_owner'],
  'telemetry.quarantine.read': ['park_admin', 'process_owner'],
  'evidence.upload': [...PARK, 'enterprise_safety_officer'],
  'evidence.read': [...PARK, 'enterprise_safety_officer', 'regulator'],
  /** What a file says of its own origin: a position may be somebody's home. */
  'evidence.claim': PARK,
  /** The file as it was sent, metadata and all; audited. */
  'evidence.original': ['park_admin', 'emergency_office'],
  /** 归档包: the whole record of a case that is closed. */
  'archive.read': [...PARK, 'enterprise_safety_officer', 'regulator'],
  'notice.read': [...PARK, 'enterprise_safety_officer', 'regulator'],
  'notice.acknowledge': [...PARK, 'enterprise_safety_officer', 'regulator'],
  'notice.receipts': PARK,
  'sms.manage': ['park_admin'],
  /** Where notices reach an organisation. */
  'contact.manage': ['park_admin'],
  'task.read': [...PARK, 'enterprise_safety_officer'],
  'task.create': PARK,
  'task.complete': [...PARK, 'enterprise_safety_officer'],
  'patrol.read': [...PARK, 'enterprise_safety_officer'],
  /** An enterprise plans its own patrols only. */
  'patrol.manage': ['park_admin', 'emergency_office', 'enterprise_safety_officer'],
  /** 统计指标: an enterprise reads its own only. */
  'figures.read': [...PARK, 'enterprise_safety_officer'],
  'rating.read': ['park_admin', 'emergency_office', 'investment_office'],
  'calendar.read': [...PARK, 'enterprise_safety_officer', 'process_owner', 'regulator'],
  'flow.read': ['park_admin', 'process_owner'],
  'flow.edit': ['process_owner'],
  'flow.rollback': ['park_admin', 'process_owner'],
  'grant.manage': ['park_admin'],
  /** Names of people, to choose one: an enterprise sees its own only. */
  'person.read': [...PARK, 'enterprise_safety_officer'],
  'affiliation.manage': ['park_admin'],
  'delegation.manage': ['park_admin'],
  'policy.read': PARK,
  'account.manage': ['park_admin'],
  'audit.read': ['park_admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof PERMISSIONS;

/** Unknown actions and unknown roles are refused. */
export const may = (role: string, action: string): boolean =>
  Object.hasOwn(PERMISSIONS, action) && (PERMISSIONS[action as Action] as readonly string[]).includes(role);

/**
 * Which rows a role can see at all; the value of the database setting `pw.scope`.
 * park: all of the park; tenant: rows of its own organisation; grant: tenants with a live grant;
 * plant: registry, telemetry, alarms and flows but no cases; rating: only the safety rating; none: nothing.
 */
export type Scope = 'park' | 'tenant' | 'grant' | 'plant' | 'rating' | 'none';

export const scopeOf = (role: string): Scope => {
  switch (role) {
    case 'park_admin':
    case 'emergency_office':
    case 'inspector':
      return 'park';
    case 'enterprise_safety_officer':
      return 'tenant';
    case 'regulator':
      return 'grant';
    case 'process_owner':
      return 'plant';
    case 'investment_office':
      return 'rating';
    default:
      return 'none';
  }
};
