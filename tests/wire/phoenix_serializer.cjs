// Serves the official client's serializer to the tests: one JSON request a line in, one JSON answer a line out.
// Binary goes as hexadecimal, in requests and in answers: {"hex": "..."} stands for an ArrayBuffer.
const { createInterface } = require("node:readline");
const { Serializer } = require(process.argv[2]);

const toBuffer = (hex) => new Uint8Array(Buffer.from(hex, "hex")).buffer;
const fromBuffer = (_key, value) =>
  value instanceof ArrayBuffer ? { hex: Buffer.from(value).toString("hex") } : value;
const revive = (_key, value) =>
  value !== null && typeof value === "object" && typeof value.hex === "string" ? toBuffer(value.hex) : value;

createInterface({ input: process.stdin }).on("line", (line) => {
  const { encode, decode } = JSON.parse(line, revive);
  const answer = (result) => process.stdout.write(`${JSON.stringify(result, fromBuffer)}\n`);
  if (encode !== undefined) Serializer.encode(encode, answer);
  else Serializer.decode(decode, answer);
});
