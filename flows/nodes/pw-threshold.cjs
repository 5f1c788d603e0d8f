const source = require('./lib/source.cjs');

// Deploying compiles this node into a rule; the readings are judged where they are stored, and the node gets the outcome.
module.exports = (RED) => source(RED, 'pw-threshold', (_config, node, event) => event.ruleId.startsWith(`flow:${node.id}:`));
