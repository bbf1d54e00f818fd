// A Modbus client for the tests: modbus-serial's.
// Usage: node modbus-client.js <port> tcp|rtu <steps, in JSON>
// A step is [method, argument, …]; prints the data of each, or the code of its refusal.
"use strict";
const ModbusRTU = require("modbus-serial");

const [port, framing, steps] = process.argv.slice(2);

async function main() {
  const client = new ModbusRTU();
  const at = { port: Number(port) };
  await (framing === "rtu" ? client.connectTelnet("127.0.0.1", at)
    : client.connectTCP("127.0.0.1", at));
  client.setID(1);
  client.setTimeout(120000);
  const found = [];
  for (const [method, ...given] of JSON.parse(steps)) {
    try {
      const answer = await client[method](...given);
      found.push("data" in answer ? answer.data : "written");
    } catch (error) {
      if (error.modbusCode === undefined) throw error;
      found.push({ refused: error.modbusCode });
    }
  }
  client.close(() => console.log(JSON.stringify(found)));
}

main().catch((error) => { console.error(error); process.exit(1); });
