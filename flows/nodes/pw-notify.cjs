const action = require('./lib/action.cjs');

module.exports = (RED) => action(RED, 'pw-notify', 'notify', () => ({}), () => '✓');
