/** 关联组织: every organisation whose interest a person has, as SQL, for sign-in and for choosing signers alike. */

/**
 * Organisations in which one of the people (an SQL array) has a membership, and every enterprise for which such an
 * organisation works now, however many contractors are between.
 */
export const orgIdsOf = (people: string): string => `(
  WITH RECURSIVE own AS (
    SELECT x.org_id FROM membership x WHERE x.person_id = ANY (${people})
    UNION
    SELECT f.principal_id FROM affiliation f JOIN own ON own.org_id = f.contractor_id WHERE f.valid_from <= now() AND (f.valid_to IS NULL OR f.valid_to > now())
  ) SELECT coalesce(array_agg(org_id ORDER BY org_id), '{}') FROM own)`;

/** SQL: a delegation `d` that is in force now. */
export const DELEGATION_LIVE = 'd.starts_at <= now() AND d.ends_at > now()';
