// An OPC UA server for the tests: node-opcua's.
// Usage: node opcua-server.js <port> <folder for its own files> [secured]
// Secured, with server.crt and server.pem in the folder, it lets
// in only anna, over signed connections.
"use strict";
const path = require("path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, DataValue, MessageSecurityMode, SecurityPolicy } = require("node-opcua-client");
const { StatusCodes, Variant, VariantArrayType } = require("node-opcua-client");
const { OPCUAServer } = require("node-opcua-server");

const [port, folder, secured] = process.argv.slice(2);

const VALUES = {
  Bool: [DataType.Boolean, true],
  SByte: [DataType.SByte, -128],
  Byte: [DataType.Byte, 255],
  Int16: [DataType.Int16, -32768],
  UInt16: [DataType.UInt16, 65535],
  Int32: [DataType.Int32, -2147483648],
  UInt32: [DataType.UInt32, 4294967295],
  Int64: [DataType.Int64, [0x80000000, 1]],
  UInt64: [DataType.UInt64, [0xffffffff, 0xfffffffe]],
  Float: [DataType.Float, 1.5],
  Double: [DataType.Double, Math.PI],
  Text: [DataType.String, "Grüße, 세계"],
};

function security() {
  if (!secured) return {
    securityPolicies: [SecurityPolicy.None], securityModes: [MessageSecurityMode.None],
  };
  const names = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"];
  return {
    allowAnonymous: false,
    certificateFile: path.join(folder, "server.crt"),
    privateKeyFile: path.join(folder, "server.pem"),
    securityPolicies: names.map((name) => SecurityPolicy[name]),
    securityModes: [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    userManager: { isValidUser: (name, password) => name === "anna" && password === "secret" },
  };
}

function fill(server) {
  const space = server.engine.addressSpace.getOwnNamespace();
  const plant = space.addFolder("ObjectsFolder", { browseName: "Plant", nodeId: "s=Plant" });
  for (const [name, [dataType, value]] of Object.entries(VALUES)) {
    space.addVariable({
      browseName: name, componentOf: plant, dataType, nodeId: `s=Plant/${name}`,
      value: new Variant({ arrayType: VariantArrayType.Scalar, dataType, value }),
    });
  }
  space.addVariable({
    browseName: "Fixed", componentOf: plant, dataType: "Int32", nodeId: "s=Plant/Fixed",
    accessLevel: "CurrentRead",
    value: new Variant({ dataType: DataType.Int32, value: 7 }),
  });
  space.addVariable({
    browseName: "Broken", componentOf: plant, dataType: "Double", nodeId: "s=Plant/Broken",
    minimumSamplingInterval: 1000,
    value: { timestamped_get: () => new DataValue({ statusCode: StatusCodes.BadSensorFailure }) },
  });
  space.addVariable({
    browseName: "Row", componentOf: plant, dataType: "Int32", nodeId: "s=Plant/Row", valueRank: 1,
    value: new Variant({
      dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: new Int32Array([1, 2]),
    }),
  });
  for (let number = 0; number < 50; number++) {
    space.addVariable({
      browseName: `Cell${number}`, componentOf: plant, dataType: "UInt32", nodeId: `i=${5000 + number}`,
      value: new Variant({ dataType: DataType.UInt32, value: number * number }),
    });
  }
  let ticks = 0;
  const ticking = space.addVariable({
    browseName: "Ticks", componentOf: plant, dataType: "UInt32", nodeId: "s=Plant/Ticks",
    minimumSamplingInterval: 50, value: new Variant({ dataType: DataType.UInt32, value: 0 }),
  });
  setInterval(() => {
    ticks += 1;
    ticking.setValueFromSource({ dataType: DataType.UInt32, value: ticks });
  }, 100);
}

async function main() {
  const server = new OPCUAServer({
    port: Number(port), resourcePath: "/", hostname: "127.0.0.1", alternateHostname: "127.0.0.1",
    serverCapabilities: {
      operationLimits: {
        maxNodesPerRead: 20, maxNodesPerBrowse: 5, maxMonitoredItemsPerCall: 20,
      },
    },
    serverCertificateManager: new OPCUACertificateManager({
      automaticallyAcceptUnknownCertificate: true, rootFolder: path.join(folder, "pki"),
    }),
    ...security(),
  });
  await server.initialize();
  fill(server);
  await server.start();
}

main();
