// An OPC UA client for the tests: node-opcua's.
// Usage: node opcua-client.js <url> <folder for its own files> <what to do, in JSON>
// What to do: {"secured": true} besides any of {"write": [[id, type, value], …],
// "read": [id, …], "browse": [id, …], "watch": [id, how many values]}; prints what came of it.
"use strict";
const path = require("path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { AttributeIds, ClientMonitoredItem, DataType, MessageSecurityMode, OPCUAClient } =
  require("node-opcua-client");
const { ClientSubscription, SecurityPolicy, TimestampsToReturn, UserTokenType } =
  require("node-opcua-client");

const [url, folder, wish] = process.argv.slice(2);

function told(data) {
  const { dataType, value } = data.value;
  const whole = dataType === DataType.Int64 || dataType === DataType.UInt64;
  return {
    status: data.statusCode.name,
    type: DataType[dataType],
    value: whole ? String((BigInt(value[0] >>> 0) << 32n) + BigInt(value[1] >>> 0)) : value,
  };
}

async function watched(session, id, count) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 50, publishingEnabled: true,
    requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 10,
  });
  const item = ClientMonitoredItem.create(
    subscription, { nodeId: id, attributeId: AttributeIds.Value },
    { samplingInterval: 50, queueSize: 100, discardOldest: true }, TimestampsToReturn.Both,
  );
  const values = [];
  await new Promise((resolve) => item.on("changed", (data) => {
    values.push(told(data).value);
    if (values.length === count) resolve();
  }));
  await subscription.terminate();
  return values;
}

async function done(session, todo) {
  const found = {};
  for (const [nodeId, type, value] of todo.write || []) {
    const status = await session.write({
      nodeId, attributeId: AttributeIds.Value,
      value: { value: { dataType: DataType[type], value } },
    });
    found.written = [...(found.written || []), status.name];
  }
  if (todo.read) {
    const nodes = todo.read.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
    found.read = (await session.read(nodes)).map(told);
  }
  if (todo.browse) {
    const results = await session.browse(todo.browse);
    found.browsed = results.map((each) => each.references.map((one) => one.browseName.name));
  }
  if (todo.watch) found.watched = await watched(session, ...todo.watch);
  return found;
}

async function main() {
  const todo = JSON.parse(wish);
  const secured = {
    securityMode: MessageSecurityMode.SignAndEncrypt,
    securityPolicy: SecurityPolicy.Basic256Sha256,
  };
  const client = OPCUAClient.create({
    endpointMustExist: false, connectionStrategy: { maxRetry: 1 },
    clientCertificateManager: new OPCUACertificateManager({
      automaticallyAcceptUnknownCertificate: true, rootFolder: path.join(folder, "pki"),
    }),
    ...(todo.secured ? secured : {}),
  });
  await client.connect(url);
  const user = { type: UserTokenType.UserName, userName: "anna", password: "secret" };
  const session = await client.createSession(todo.secured ? user : undefined);
  const found = await done(session, todo);
  await session.close();
  await client.disconnect();
  console.log(JSON.stringify(found));
}

main().catch((error) => { console.error(error); process.exit(1); });
