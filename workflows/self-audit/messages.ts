export const SELF_AUDIT_WORKFLOW = 'selfAudit';
