// A Modbus TCP server for the tests: modbus-serial's, over four tables of 200 cells each.
// Usage: node modbus-server.js <port>
"use strict";
const { ServerTCP } = require("modbus-serial");

const CELLS = 200;
const tables = {
  coils: new Array(CELLS).fill(false),
  discrete: Array.from({ length: CELLS }, (_, number) => number % 3 === 0),
  holding: new Array(CELLS).fill(0),
  input: Array.from({ length: CELLS }, (_, number) => 1000 + number),
};

function cell(table, address) {
  if (address >= CELLS) throw { modbusErrorCode: 2, msg: "no such address" };
  return tables[table][address];
}

const server = new ServerTCP({
  getCoil: (address) => cell("coils", address),
  getDiscreteInput: (address) => cell("discrete", address),
  getHoldingRegister: (address) => cell("holding", address),
  getInputRegister: (address) => cell("input", address),
  setCoil: (address, value) => { cell("coils", address); tables.coils[address] = value; },
  setRegister: (address, value) => { cell("holding", address); tables.holding[address] = value; },
}, { host: "127.0.0.1", port: Number(process.argv[2]), unitID: 1 });
server.on("socketError", () => {});
