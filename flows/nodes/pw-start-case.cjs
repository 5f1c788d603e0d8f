const action = require('./lib/action.cjs');

// Type and words are read from the deployed configuration by the gateway, not from the message.
module.exports = (RED) => action(RED, 'pw-start-case', 'start-case', () => ({}), (answer) => (answer.duplicate ? '=' : answer.joined ? '+' : '✓') + ' ' + answer.hazardId.slice(0, 8));
