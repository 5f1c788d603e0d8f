const action = require('./lib/action.cjs');

module.exports = (RED) => action(RED, 'pw-signal-case', 'signal-case', () => ({}), (answer) => (answer.hazardId ? `+ ${answer.hazardId.slice(0, 8)}` : '–'));
