/** A source node: hands on the events it wants, raised on the first output, cleared on the second. Holds nothing. */
module.exports = function source(RED, type, wants) {
  RED.nodes.registerType(type, function (config) {
    RED.nodes.createNode(this, config);
    const { signals } = RED.settings.parkwarden;
    const end = signals.subscribe({
      wants: (event) => wants(config, this, event),
      send: (message) => {
        const raised = message.payload.kind === 'raised';
        this.status({ fill: raised ? 'red' : 'green', shape: 'dot', text: `${message.payload.level} ${message.payload.value} ${message.payload.unit}` });
        this.send(raised ? [message, null] : [null, message]);
      },
    });
    this.on('close', end);
  });
};
