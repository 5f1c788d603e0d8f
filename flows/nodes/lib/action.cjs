/** An action node: asks the gateway about the event in the message, and passes the message on with the answer in msg.pw. */
module.exports = function action(RED, type, path, fields, answered) {
  RED.nodes.registerType(type, function (config) {
    RED.nodes.createNode(this, config);
    const { signals } = RED.settings.parkwarden;
    this.on('input', (message, send, done) => {
      this.status({ fill: 'blue', shape: 'ring', text: '…' });
      signals.act(path, this.id, message, fields(config)).then(
        (answer) => {
          this.status({ fill: 'green', shape: 'dot', text: answered(answer) });
          message.pw = answer;
          send(message);
          done();
        },
        (error) => {
          this.status({ fill: 'red', shape: 'ring', text: error.code || error.message });
          done(error);
        },
      );
    });
  });
};
