const source = require('./lib/source.cjs');

const matches = (wanted, given) => !wanted || wanted === given;

module.exports = (RED) =>
  source(
    RED,
    'pw-sensor-event',
    (config, _node, event) =>
      matches(config.sensorId, event.sensor.id) &&
      matches(config.sensorKind, event.sensor.kind) &&
      matches(config.zoneId, event.zone.id) &&
      matches(config.tenantId, event.tenant.id) &&
      (!config.statutoryOnly || event.statutory),
  );
