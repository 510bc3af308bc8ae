// Loaded before kinesis-mock, which listens on fixed ports of all interfaces: it gets free ports of
// the loopback interface instead, and standard output says which one stands for which.
"use strict";
const net = require("node:net");

const { listen } = net.Server.prototype;

net.Server.prototype.listen = function listenOnLoopback(wanted, ...rest) {
  this.once("listening", () => console.log(`port ${wanted} is ${this.address().port}`));
  return listen.call(this, 0, "127.0.0.1", ...rest);
};
