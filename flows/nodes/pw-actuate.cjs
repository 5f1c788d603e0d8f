const action = require('./lib/action.cjs');

module.exports = (RED) => action(RED, 'pw-actuate', 'actuate', () => ({}), (answer) => (answer.duplicate ? '=' : '✓'));
